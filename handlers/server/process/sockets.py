"""Listening sockets, and the URLs of their addresses."""

import socket
from contextlib import suppress

_BACKLOG = 2_048
_UNACKNOWLEDGED_MILLISECONDS = 30_000


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Raises:
        OSError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    with suppress(AttributeError):  # Only Linux has this option.
        # Connections inherit this option. The kernel closes a connection whose client does not read its answers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)
    return listener


def origin(host: str, port: int) -> str:
    """The origin (scheme, host and port) of the server's URLs. An IPv6 address is in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
