"""The life of a server process: sockets, connections, start, reload and end."""
