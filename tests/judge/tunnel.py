"""A TCP proxy that refuses requests whose header names have an unusual spelling."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import httpx

UNUSUAL_SPELLING = re.compile(rb"\r\n(?:content-type|CONTENT-TYPE):")
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Forward bytes until one side closes its connection."""
    with suppress(OSError):
        while part := source.recv(65_536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)


def _handler(url: httpx.URL) -> type[BaseRequestHandler]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while b"\r\n\r\n" not in head:
                head += self.request.recv(65_536)
            if UNUSUAL_SPELLING.search(head):
                self.request.sendall(REFUSAL)
                return
            with socket.create_connection((url.host, url.port or 80)) as upstream:
                upstream.sendall(head)
                sending = Thread(target=_pump, args=(self.request, upstream))
                sending.start()
                _pump(upstream, self.request)
                sending.join()

    return Handler


@contextmanager
def tunnel(url: httpx.URL) -> Iterator[httpx.URL]:
    """Run the proxy until the block ends. Gives the URL of the server through the proxy."""
    with ThreadingTCPServer(("127.0.0.1", 0), _handler(url)) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield url.copy_with(port=server.server_address[1])
        finally:
            server.shutdown()
