"""The URL of a Redis server: `redis://`, `rediss://` (TLS, always with a check of the certificate) or `unix://`."""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

_TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def redis_client(url: SplitResult, folder: Path) -> Redis:
    """Return a client that tries once, and has no timeout of its own. It is not connected yet.

    Raises:
        ValueError: The URL is not valid. The message quotes nothing of the URL, because it may contain a password.
    """
    return Redis(
        **_address(url),
        **_options(url, folder),
        username=unquote(url.username or "") or None,
        password=unquote(url.password or "") or None,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
        protocol=2,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


def tls_files(url: SplitResult, folder: Path) -> list[Path]:
    """Return the files in the URL."""
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    return [folder / options[name] for name in _TLS_FILES if name in options]


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
    names = _TLS_FILES if url.scheme == "rediss" else ()
    files = {name: str(folder / options.pop(name)) for name in names if name in options}
    path = "" if url.scheme == "unix" else url.path.removeprefix("/")
    database = options.pop("db", "") or path or "0"
    if options:
        message = "the options are db and, with rediss://, " + ", ".join(_TLS_FILES)
        raise ValueError(message)
    if not (database.isascii() and database.isdecimal()):
        message = "the database must be a number"
        raise ValueError(message)
    return {"db": int(database), **files}
