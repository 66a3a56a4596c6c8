"""`snap-token health`: whether the server answers, for a supervisor that restarts a server that does not answer."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import httpx
from pydantic import BaseModel, Field, ValidationError

from handlers.cli.errors import UsageError
from handlers.cli.files.partial_settings import PartialSettings
from handlers.cli.local_listener import LocalListener
from handlers.config.addresses import INTERNAL_PORT, PUBLIC_PORT

TIMEOUT_SECONDS = 2.0
"""For connection and answer together."""

_UNHEALTHY = 1
_Port = Annotated[int, Field(ge=0, le=65535)]


def health(*, config: Path, ready: bool = False) -> int:
    """Check whether the server answers within 2 seconds. Print nothing if it does. Exit status 1 if it does not.

    The command requests /livez from the internal listener. Without [internal] in the settings, it opens a connection
    to the public listener and shuts it down, and the server must close it. Neither check makes a line in the log of
    the server. The command reads only the addresses of the listeners from the settings, and compares no certificate. A
    mistake elsewhere in the settings is no reason to restart a server that is running.

    Example: snap-token health --config snap-token.toml

    Args:
        config: The settings file.
        ready: Request /readyz in place of /livez: the server must also be able to authorise calls, its state store
            must work, and it must not be stopping. The message says which part is down. Use this for load balancers. Do
            not use it for restarts, because a restart does not repair the state store.
    """
    addresses = _Addresses.load(config)
    if ready and not addresses.internal:
        message = "--ready needs the internal listener; add [internal] to the settings"
        raise UsageError(message)
    listener = (addresses.internal or addresses.server).listener(config.absolute().parent)
    path = ("/readyz" if ready else "/livez") if addresses.internal else ""
    try:
        asyncio.run(_probe(listener, path))
    except (OSError, httpx.HTTPError, UnicodeError, _UnhealthyError) as error:  # UnicodeError: an invalid host name.
        sys.stderr.write(f"snap-token: the server is not healthy: {_cause(error, listener)}\n")
        return _UNHEALTHY
    return 0


def _cause(error: Exception, listener: LocalListener) -> str:
    if isinstance(error, TimeoutError):
        return "no answer within 2 seconds"
    return (
        str(error) if isinstance(error, _UnhealthyError) else f"{listener.name}: {str(error) or type(error).__name__}"
    )


class _UnhealthyError(Exception):
    """The server answers that it is not healthy."""


class _Well(BaseModel):
    """The answer of /livez, and of /readyz while the server is ready."""

    status: Literal["ok"]


class _Unready(BaseModel):
    """The answer of /readyz while the server is not ready."""

    status: Literal["not_ready", "draining"]
    parts: dict[str, str]

    @property
    def reason(self) -> str:
        """Which parts are down, or that the server is stopping."""
        if self.status == "draining":
            return "the server is stopping"
        return ", ".join(f"{name} is down" for name, condition in self.parts.items() if condition == "down")


class _Address(BaseModel):
    """Where a listener is. `tls_certificate_file` says only whether it has TLS."""

    host: str = "127.0.0.1"
    port: _Port
    socket: str = ""
    tls_certificate_file: str = ""

    def listener(self, folder: Path) -> LocalListener:
        """The listener, as a caller on this machine reaches it. Paths are relative to `folder`.

        Raises:
            UsageError: the port is 0, so the operating system has chosen the real one.
        """
        if self.socket:
            return LocalListener((str(folder / self.socket), 0), tls=False)
        if not self.port:
            message = "the port in the settings is 0, so the real port is only in the log of the server; set a port"
            raise UsageError(message)
        return LocalListener((self.host, self.port), tls=bool(self.tls_certificate_file))


class _Public(_Address):
    port: _Port = PUBLIC_PORT


class _Internal(_Address):
    port: _Port = INTERNAL_PORT


class _Addresses(PartialSettings):
    """The listeners of the server, as the file and the environment say."""

    server: _Public = _Public()
    internal: _Internal | None = None


async def _probe(listener: LocalListener, path: str) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await (_get(listener, path) if path else _connect(listener))


async def _get(listener: LocalListener, path: str) -> None:
    transport = httpx.AsyncHTTPTransport(uds=listener.socket, verify=listener.verify)
    async with httpx.AsyncClient(
        base_url=listener.base_url, trust_env=False, timeout=TIMEOUT_SECONDS, transport=transport
    ) as client:
        response = await client.get(path)
    message = f"{listener.name}{path} answers {response.status_code}"
    if not response.is_success:
        with suppress(ValidationError):  # Something else can answer at this address.
            message = f"{message}: {_Unready.model_validate_json(response.content).reason}"
        raise _UnhealthyError(message)
    try:
        _Well.model_validate_json(response.content)
    except ValidationError as error:
        message = f"{message}, but is another program; end it, or correct the address in the settings"
        raise _UnhealthyError(message) from error


async def _connect(listener: LocalListener) -> None:
    """Open a connection and shut it down. The system accepts it, but only the event loop of the server closes it."""
    if listener.socket:
        reader, writer = await asyncio.open_unix_connection(listener.socket)
    else:
        reader, writer = await asyncio.open_connection(*listener.address)
    try:
        writer.write_eof()
        await reader.read()
    finally:
        writer.close()
