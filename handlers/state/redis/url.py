"""The URL of a Redis server: `redis://`, `rediss://` (TLS, its certificate always checked) or `unix://`."""

from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

_TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def redis_client(url: SplitResult, folder: Path) -> Redis:
    """A client that makes one attempt only, and has its time from whoever asks; nothing is connected yet.

    Raises:
        ValueError: what is wrong with the URL; nothing of it is repeated, for it may hold a password.
    """
    return Redis(
        **_place(url),
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
    """The files that the URL names."""
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    return [folder / given[name] for name in _TLS_FILES if name in given]


def _place(url: SplitResult) -> dict[str, Any]:
    if url.scheme == "unix":
        return {"unix_socket_path": unquote(_wanted(url.path, "the path of a socket"))}
    host = _wanted(url.hostname, "a host")
    return {"host": host, "port": url.port or 6379, "ssl": url.scheme == "rediss"}


def _wanted(value: str | None, name: str) -> str:
    if not value:
        message = f"{name} is wanted"
        raise ValueError(message)
    return value


def _options(url: SplitResult, folder: Path) -> dict[str, Any]:
    """The number of the database, in the path or as `db`, and the files of TLS; nothing that weakens it."""
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    names = _TLS_FILES if url.scheme == "rediss" else ()
    files = {name: str(folder / given.pop(name)) for name in names if name in given}
    path = "" if url.scheme == "unix" else url.path.removeprefix("/")
    database = given.pop("db", "") or path or "0"
    if given:
        message = "its options are: db, and with rediss:// " + ", ".join(_TLS_FILES)
        raise ValueError(message)
    if not (database.isascii() and database.isdecimal()):
        message = "the database is a number"
        raise ValueError(message)
    return {"db": int(database), **files}
