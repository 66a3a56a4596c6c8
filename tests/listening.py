"""This project's HTTP server with an application of the test, in a thread on a free port."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from handlers.server.process import sockets
from handlers.server.process.tls_handshakes import CurrentContext
from handlers.server.process.uvicorn_server import MOST_CONNECTIONS, Server


def listening_on(host: str, port: int) -> socket.socket:
    """A listening socket, as the server makes it."""
    listener = sockets.bind(host, port)
    sockets.listen(listener)
    return listener


@contextmanager
def listening(
    app: ASGIApp,
    most_connections: int = MOST_CONNECTIONS,
    *,
    idle_seconds: int = 5,
    tls: CurrentContext | None = None,
) -> Iterator[tuple[str, int]]:
    """Serve the application until the block ends. Gives the address."""
    listener = listening_on("127.0.0.1", 0)
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, timeout_keep_alive=idle_seconds, timeout_graceful_shutdown=1
    )
    server = Server(config, most_connections, tls)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join()


def read_until_closed(connection: socket.socket) -> bytes:
    """Return all bytes that arrive until the server closes its side."""
    pieces = []
    while piece := connection.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)
