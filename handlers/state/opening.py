"""Opens the state store that a URL in the settings names."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from errno import ELOOP
from functools import partial
from importlib import import_module
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from handlers.state.hosts import MALFORMED
from handlers.state.memory import MemoryState
from handlers.state.port import Engine
from handlers.state.postgresql.url import SCHEMES as _POSTGRESQL
from handlers.state.postgresql.url import PostgresqlUrl, parse
from handlers.state.redis.url_parts import SCHEMES as _REDIS
from handlers.state.redis.url_parts import SENTINEL, tls_files
from handlers.state.sqlite.engine import SqliteState

if TYPE_CHECKING:
    from redis.asyncio import Redis

FORMS = (
    "memory://, sqlite:///FILE, redis://HOST:PORT/0, rediss://HOST:PORT/0, unix:///SOCKET?db=0, "
    "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/0 or postgresql://USER@HOST:PORT/DATABASE"
)

_NO_FILE = "write sqlite:/// and then the path of a file; in the path, write % ? # as %25 %3F %23"

_PARTS = re.compile(r"(?P<scheme>[a-z+]+://)(?:(?P<login>[^/?#@]*)@)?(?P<rest>.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class StateUrl:
    """A valid URL, as the settings have it. It may contain a password. Its files are relative to `folder`.

    `memory://` supports one process only. The commands that start servers check that, because the URL cannot.
    """

    text: str = field(repr=False)
    folder: Path = Path()

    def __post_init__(self) -> None:
        """Check the URL. Nothing is connected.

        Raises:
            ValueError: The URL is not valid. The message quotes nothing of the URL except a path of SQLite.
        """
        self._opener()

    @property
    def is_single_process(self) -> bool:
        """Whether the store exists only inside one process."""
        return self.text == "memory://"

    @property
    def may_exist(self) -> bool:
        """Whether the store may contain something. The SQLite file exists only after a process has opened it once."""
        return self.file is None or self.file.exists()

    @property
    def kind(self) -> str:
        """The engine: `memory`, `sqlite`, `redis` or `postgresql`."""
        scheme = _scheme(self.text)
        return "redis" if scheme in _REDIS else "postgresql" if scheme in _POSTGRESQL else scheme

    @property
    def file(self) -> Path | None:
        """The SQLite file. None for another engine."""
        return _file(urlsplit(self.text), self.folder) if self.kind == "sqlite" else None

    def redis(self) -> "Redis | None":
        """Return a Redis client that can query the Redis server itself. None for another engine."""
        return _redis_client(_split(self.text), self.folder) if self.kind == "redis" else None

    def postgresql(self) -> PostgresqlUrl | None:
        """Return the parts of the URL of PostgreSQL. None for another engine."""
        return parse(self.text, self.folder) if self.kind == "postgresql" else None

    def with_password(self, password: str) -> "StateUrl":
        """Return this URL with a password.

        Raises:
            ValueError: It has a password, or its engine needs none.
        """
        parts = _PARTS.fullmatch(self.text)
        if parts is None or self.kind not in {"redis", "postgresql"}:
            message = "only Redis and PostgreSQL have a password; remove password_file"
            raise ValueError(message)
        if has_password(self.text):
            message = "the URL has a password too; remove it from the URL, or remove password_file"
            raise ValueError(message)
        login = f"{parts['login'] or ''}:{quote(password, safe='')}"
        return StateUrl(f"{parts['scheme']}{login}@{parts['rest']}", self.folder)

    @property
    def files(self) -> list[Path]:
        """The certificates and keys in the URL. Every new connection reads them."""
        database = self.postgresql()
        return database.tls_files if database else tls_files(_split(self.text), self.folder)

    def open(self, *, starting: bool = False) -> Engine:
        """Open the state store. A server that is `starting` checks the whole SQLite file.

        Raises:
            ValueError: SQLite cannot use its file.
        """
        return self._opener(starting=starting)()

    def _opener(self, *, starting: bool = False) -> Callable[[], Engine]:
        if self.is_single_process:
            return MemoryState
        if database := self.postgresql():
            return partial(_postgresql_engine(), database)
        parts = _split(self.text)
        if parts.scheme == "sqlite":
            return partial(SqliteState, _file(parts, self.folder), starting=starting)
        if parts.scheme in _REDIS:
            return _redis_opener(_redis_client(parts, self.folder))
        message = f"use one of {FORMS}"
        raise ValueError(message)


def has_password(url: str) -> bool:
    """Whether there is a password in the URL. The URL may be invalid."""
    parts = _PARTS.fullmatch(url)
    return bool(parts and parts["login"] and parts["login"].partition(":")[2])


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def _redis_client(url: SplitResult, folder: Path) -> "Redis":
    from handlers.state.redis.url import redis_client  # noqa: PLC0415  only servers with Redis import its slow library

    return redis_client(url, folder)


def _redis_opener(client: "Redis") -> Callable[[], Engine]:
    from handlers.state.redis.engine import RedisState  # noqa: PLC0415  the same

    return partial(RedisState, client)


def _postgresql_engine() -> Callable[[PostgresqlUrl], Engine]:
    """Return the class of the engine. It is imported only here, because its driver is an extra."""
    try:
        engine: Callable[[PostgresqlUrl], Engine] = import_module("handlers.state.postgresql.engine").PostgresqlState
    except ModuleNotFoundError as error:
        message = "postgresql:// needs the driver asyncpg; install snap-token-server[postgresql]"
        raise ValueError(message) from error
    return engine


def _split(url: str) -> SplitResult:
    if _scheme(url) == SENTINEL:
        url = url.replace("[", "%5B").replace("]", "%5D")  # `urlsplit` takes an IPv6 address only as the first host.
    try:
        parts = urlsplit(url)
        malformed = parts.fragment or (parts.scheme != SENTINEL and parts.port == 0)
    except ValueError:  # Its message quotes the text in the place of the port, which may be part of a password.
        malformed = True
    if malformed:
        raise ValueError(_NO_FILE if _scheme(url) == "sqlite" else MALFORMED)
    return parts


def _file(parts: SplitResult, folder: Path) -> Path:
    """`sqlite:///state.db` is relative to `folder`. `sqlite:////var/lib/state.db` is absolute."""
    name = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or not name or "\0" in name:
        raise ValueError(_NO_FILE)
    file = (folder / name).absolute()
    if mistake := _path_mistake(file):
        message = f"{file} cannot be a database file: {mistake}"
        raise ValueError(message)
    return file


def _path_mistake(file: Path) -> str | None:
    if not file.parent.is_dir():
        return "its folder does not exist"
    try:
        return "it is a folder" if S_ISDIR(file.stat().st_mode) else None
    except OSError as error:
        return "its links lead in a circle" if error.errno == ELOOP else None
