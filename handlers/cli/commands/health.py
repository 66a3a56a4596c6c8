"""`snap-token health`: whether the server answers, for a supervisor that restarts a server that does not."""

import asyncio
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.cli.errors import UsageError
from handlers.config.environment import ENVIRONMENT_PREFIX
from handlers.config.errors import error_lines
from handlers.config.key_files import read_text
from handlers.config.tables import Internal, Server
from handlers.server.process.sockets import origin

TIMEOUT_SECONDS = 2.0
"""For all of it, connecting included."""

_SICK = 1
_Port = Annotated[int, Field(ge=0, le=65535)]


def health(*, config: Path, ready: bool = False) -> int:
    """Ask the server of these settings whether it answers. If so, print nothing, exit status 0; else exit status 1.

    The server has 2 seconds. The internal listener is asked for /livez. Without [internal], a connection to the public
    listener is opened and ended, and the server must close it. Neither makes a line in its log. Only the addresses in
    the settings are read: a mistake elsewhere, which the running server refuses anyway, is no reason to restart it.

    Example: snap-token health --config snap-token.toml

    Args:
        config: The settings file.
        ready: Ask for /readyz: whether the server can answer calls, and its state works. This is for load balancers:
            a restart does not repair the state.
    """
    addresses = _addresses(config)
    try:
        asyncio.run(_asked(addresses, ready=ready))
    except (OSError, httpx.HTTPError, UnicodeError, _NotWellError) as error:  # UnicodeError: the host is no valid name.
        cause = "no answer within 2 seconds" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        sys.stderr.write(f"snap-token: the server is not well: {cause}\n")
        return _SICK
    return 0


class _NotWellError(Exception):
    """The server answers that it is not well."""


class _Address(BaseModel):
    """Host and port of a listener; other keys of its table are ignored."""

    host: str = "127.0.0.1"
    port: _Port

    @property
    def reached_at(self) -> tuple[str, int]:
        """The address for a caller on this machine; MisuseError if the system chose the port."""
        if not self.port:
            message = "the port is 0, so only the log of the server has the one that it listens on; set a port"
            raise UsageError(message)
        return self.host, self.port


class _Public(_Address):
    port: _Port = Server.model_fields["port"].default


class _Internal(_Address):
    port: _Port = Internal.model_fields["port"].default


class _Addresses(BaseSettings):
    """Where the server listens, as the file and the environment say."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="ignore")

    server: _Public = _Public()
    internal: _Internal | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The same order as for the server's settings: the environment first."""
        return env_settings, init_settings


def _addresses(config: Path) -> _Addresses:
    try:
        return _Addresses(**tomllib.loads(read_text(config)))
    except ValidationError as error:
        raise UsageError(*(f"{config}: {mistake}" for mistake in error_lines(error))) from error
    except (ValueError, RecursionError) as error:
        message = str(error) if str(config) in str(error) else f"{config}: {error}"
        raise UsageError(message) from error


async def _asked(addresses: _Addresses, *, ready: bool) -> None:
    if ready and not addresses.internal:
        message = "--ready asks the internal listener, and there is none: add [internal] to the settings"
        raise UsageError(message)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        if addresses.internal:
            await _ask(addresses.internal, "/readyz" if ready else "/livez")
        else:
            await _knock(addresses.server)


async def _ask(address: _Address, path: str) -> None:
    url = origin(*address.reached_at) + path
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
        answer = await client.get(url)
    if not answer.is_success:
        message = f"{url} answers {answer.status_code}"
        raise _NotWellError(message)


async def _knock(address: _Address) -> None:
    """Open a connection and end it. The system accepts it, but only the server's own loop closes it."""
    reader, writer = await asyncio.open_connection(*address.reached_at)
    try:
        writer.write_eof()
        await reader.read()
    finally:
        writer.close()
