"""`snap-token health`: whether the server answers, for a supervisor that restarts a server that does not answer."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import BaseModel, Field

from handlers.cli.errors import UsageError
from handlers.cli.files.partial_settings import PartialSettings
from handlers.config.tables import Internal, Server
from handlers.server.process.sockets import origin

TIMEOUT_SECONDS = 2.0
"""For connection and answer together."""

_UNHEALTHY = 1
_Port = Annotated[int, Field(ge=0, le=65535)]


def health(*, config: Path, ready: bool = False) -> int:
    """Check whether the server answers within 2 seconds. Print nothing if it does. Exit status 1 if it does not.

    The command requests /livez from the internal listener. Without [internal] in the settings, it opens a connection
    to the public listener and shuts it down, and the server must close it. Neither check makes a line in the log of
    the server. The command reads only the addresses of the listeners from the settings. A mistake elsewhere in the
    settings is no reason to restart a server that is running.

    Example: snap-token health --config snap-token.toml

    Args:
        config: The settings file.
        ready: Request /readyz in place of /livez: the server must also be able to authorise calls, and its state
            store must work. Use this for load balancers. Do not use it for restarts, because a restart does not repair
            the state store.
    """
    addresses = _Addresses.load(config)
    try:
        asyncio.run(_probe(addresses, ready=ready))
    except (OSError, httpx.HTTPError, UnicodeError, _UnhealthyError) as error:  # UnicodeError: an invalid host name.
        cause = "no answer within 2 seconds" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        sys.stderr.write(f"snap-token: the server is not well: {cause}\n")
        return _UNHEALTHY
    return 0


class _UnhealthyError(Exception):
    """The server answers that it is not healthy."""


class _Address(BaseModel):
    """Host and port of a listener."""

    host: str = "127.0.0.1"
    port: _Port

    @property
    def target(self) -> tuple[str, int]:
        """Host and port for a caller on this machine.

        Raises:
            UsageError: the port is 0, so the operating system has chosen the real one.
        """
        if not self.port:
            message = "the port in the settings is 0, so the real port is only in the log of the server; set a port"
            raise UsageError(message)
        return self.host, self.port


class _Public(_Address):
    port: _Port = Server.model_fields["port"].default


class _Internal(_Address):
    port: _Port = Internal.model_fields["port"].default


class _Addresses(PartialSettings):
    """The listeners of the server, as the file and the environment say."""

    server: _Public = _Public()
    internal: _Internal | None = None


async def _probe(addresses: _Addresses, *, ready: bool) -> None:
    if ready and not addresses.internal:
        message = "--ready needs the internal listener; add [internal] to the settings"
        raise UsageError(message)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        if addresses.internal:
            await _get(addresses.internal, "/readyz" if ready else "/livez")
        else:
            await _connect(addresses.server)


async def _get(address: _Address, path: str) -> None:
    url = origin(*address.target) + path
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
        response = await client.get(url)
    if not response.is_success:
        message = f"{url} answers {response.status_code}"
        raise _UnhealthyError(message)


async def _connect(address: _Address) -> None:
    """Open a connection and shut it down. The system accepts it, but only the event loop of the server closes it."""
    reader, writer = await asyncio.open_connection(*address.target)
    try:
        writer.write_eof()
        await reader.read()
    finally:
        writer.close()
