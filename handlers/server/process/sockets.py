"""Listening sockets, and how a caller writes their address."""

import socket
from contextlib import suppress

_BACKLOG = 2_048
_UNREAD_MILLISECONDS = 30_000


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    with suppress(AttributeError):  # Linux alone has it.
        # Connections inherit it: whoever asks and never reads the answers is gone after this time.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
    return listener


def origin(host: str, port: int) -> str:
    """The start of the server's URLs, as a caller on this machine writes it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
