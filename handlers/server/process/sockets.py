"""Listening sockets, and the URLs of their addresses."""

import socket
import struct
from contextlib import suppress

BACKLOG = 2_048
_UNACKNOWLEDGED_MILLISECONDS = 30_000
_TCP_INFO_BYTES = 28
_WAITING_AT = 24
"""The place of `tcpi_unacked` in `struct tcp_info` (linux/tcp.h): eight bytes and four numbers come before it."""


def bind(host: str, port: int) -> socket.socket:
    """Open a socket on this address. It refuses connections until `listen`.

    A proxy sends a refused connection to another instance. It would wait for an answer of a process that only starts.

    Raises:
        OSError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    with suppress(AttributeError):  # Only Linux has this option.
        # Connections inherit this option. The kernel closes a connection whose client does not read its answers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)
    return listener


def listen(listener: socket.socket) -> None:
    """Let the kernel accept connections. Nothing changes if it does already, for another worker.

    Raises:
        OSError: Another program was faster and listens on the same address.
    """
    listener.listen(BACKLOG)


def waiting_connections(listener: socket.socket) -> int:
    """The number of connections in the backlog, which the server has not accepted yet.

    For a listening socket, Linux gives this number as `tcpi_unacked` (net/ipv4/tcp.c, `tcp_get_info`). 0 if the
    listener is closed, or on another system.
    """
    with suppress(OSError, AttributeError):
        info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        return int(struct.unpack_from("=I", info, _WAITING_AT)[0])
    return 0


def origin(host: str, port: int, *, tls: bool = False) -> str:
    """The origin (scheme, host and port) of the server's URLs. An IPv6 address is in brackets.

    For a Unix socket, `host` is its path. The origin then is that of `proxy_pass` in nginx: `http://unix:/path:`.
    """
    if host.startswith("/"):
        return f"http://unix:{host}:"
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
