"""The URL of a listener of the settings, for the simulator."""

from handlers.cli.errors import UsageError
from handlers.config.listener import Listener
from handlers.server.process import sockets


def origin_of(table: Listener, name: str, advice: str) -> str:
    """The origin of the listener. `name` is the name of its table.

    Raises:
        UsageError: it is a Unix socket, which has no URL.
    """
    if table.socket:
        message = f"{name} listens on the socket {table.socket}, which has no URL; {advice}"
        raise UsageError(message)
    return sockets.origin(*table.address, tls=table.tls is not None)
