"""The URL of a Redis server: `redis://`, `rediss://` (TLS, always with a check of the certificate) or `unix://`.

`redis+sentinel://` names sentinels, which know the address of the primary.
"""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from handlers.state.hosts import parse_hosts
from handlers.state.redis.url_parts import SENTINEL, TLS_FILES

SENTINEL_SECONDS = 0.1
"""The longest time for one sentinel. The sentinels are asked one after the other, until one answers."""

_SENTINEL_PORT = 26_379


def redis_client(url: SplitResult, folder: Path) -> Redis:
    """Return a client that tries once, and has no timeout of its own. It is not connected yet.

    Raises:
        ValueError: The URL is not valid. The message quotes nothing of the URL, because it may contain a password.
    """
    options: dict[str, Any] = {
        "username": unquote(url.username or "") or None,
        "password": unquote(url.password or "") or None,
        "socket_timeout": None,
        "socket_connect_timeout": None,
        "retry": Retry(NoBackoff(), 0),
        "driver_info": None,
        "protocol": 2,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if url.scheme == SENTINEL:
        return _client_of_sentinels(url, options)
    return Redis(**_address(url), **_options(url, folder), **options)


class _SentinelRedis(Redis):
    """A client of the primary. It closes the connections to the sentinels too."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001  the library's signature
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        await pool.sentinel_manager.aclose()


class _Sentinels(Sentinel):
    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Find the primary. The library's own error shows the settings of all its connections."""
        try:
            address: tuple[str, int] = await super().discover_master(service_name)
        except MasterNotFoundError:
            message = f"no sentinel names a primary of the service {service_name}"
            raise MasterNotFoundError(message) from None
        return address


def _client_of_sentinels(url: SplitResult, options: dict[str, Any]) -> Redis:
    """Each new connection asks a sentinel for the address of the primary."""
    names = _require(url.netloc.rpartition("@")[2], "a host").replace("%5B", "[").replace("%5D", "]")
    hosts = parse_hosts(names, _SENTINEL_PORT)
    service, _, database = url.path.removeprefix("/").partition("/")
    timeouts = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), SENTINEL_SECONDS)
    addresses = [(name.strip("[]"), port) for name, port in hosts]
    sentinels: Any = _Sentinels(addresses, sentinel_kwargs={**timeouts, "retry": Retry(NoBackoff(), 0)})  # type: ignore[no-untyped-call]  # it has no types
    name, number = unquote(_require(service, "the name of the service")), _database(database or "0")
    _reject_options(dict(parse_qsl(url.query, keep_blank_values=True)))
    client: Redis = sentinels.master_for(name, redis_class=_SentinelRedis, db=number, **options)
    return client


def _address(url: SplitResult) -> dict[str, Any]:
    if url.scheme == "unix":
        return {"unix_socket_path": unquote(_require(url.path, "the path of a socket"))}
    host = _require(url.hostname, "a host")
    return {"host": host, "port": url.port or 6379, "ssl": url.scheme == "rediss"}


def _require(value: str | None, name: str) -> str:
    if not value:
        message = f"{name} is missing"
        raise ValueError(message)
    return value


def _options(url: SplitResult, folder: Path) -> dict[str, Any]:
    """Return the database number (in the path, or as `db`) and the TLS files. No option can weaken TLS."""
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    names = TLS_FILES if url.scheme == "rediss" else ()
    files = {name: str(folder / options.pop(name)) for name in names if name in options}
    path = "" if url.scheme == "unix" else url.path.removeprefix("/")
    database = options.pop("db", "") or path or "0"
    _reject_options(options)
    return {"db": _database(database), **files}


def _reject_options(options: dict[str, str]) -> None:
    if options:
        message = "the options are db and, with rediss://, " + ", ".join(TLS_FILES)
        raise ValueError(message)


def _database(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        message = "the database must be a number"
        raise ValueError(message)
    return int(text)
