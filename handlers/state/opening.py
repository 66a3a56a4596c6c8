"""Opens the state store that a URL in the settings names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from redis.asyncio import Redis

from handlers.state.memory import MemoryState
from handlers.state.port import Engine
from handlers.state.redis.engine import RedisState
from handlers.state.redis.url import redis_client, tls_files
from handlers.state.sqlite.engine import SqliteState

FORMS = "memory://, sqlite:///FILE, redis://HOST:PORT/0, rediss://HOST:PORT/0 or unix:///SOCKET?db=0"

_REDIS = frozenset({"redis", "rediss", "unix"})


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
        """The engine: `memory`, `sqlite` or `redis`."""
        scheme = urlsplit(self.text).scheme
        return "redis" if scheme in _REDIS else scheme

    @property
    def file(self) -> Path | None:
        """The SQLite file. None for another engine."""
        return _file(urlsplit(self.text), self.folder) if self.kind == "sqlite" else None

    def redis(self) -> Redis | None:
        """Return a Redis client that can query the Redis server itself. None for another engine."""
        return redis_client(urlsplit(self.text), self.folder) if self.kind == "redis" else None

    @property
    def files(self) -> list[Path]:
        """The certificates and keys in the URL. Every new connection reads them."""
        return tls_files(_split(self.text), self.folder)

    def open(self, *, starting: bool = False) -> Engine:
        """Open the state store. A server that is `starting` checks the whole SQLite file.

        Raises:
            ValueError: SQLite cannot use its file.
        """
        return self._opener(starting=starting)()

    def _opener(self, *, starting: bool = False) -> Callable[[], Engine]:
        parts = _split(self.text)
        if self.is_single_process:
            return MemoryState
        if parts.scheme == "sqlite":
            return partial(SqliteState, _file(parts, self.folder), starting=starting)
        if parts.scheme in _REDIS:
            return partial(RedisState, redis_client(parts, self.folder))
        message = f"use one of {FORMS}"
        raise ValueError(message)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        malformed = parts.port == 0 or parts.fragment
    except ValueError:  # Its message quotes the text in the place of the port, which may be part of a password.
        malformed = True
    if malformed:
        message = "host or port is malformed; in a password, write / # ? @ as %2F %23 %3F %40"
        raise ValueError(message)
    return parts


def _file(parts: SplitResult, folder: Path) -> Path:
    """`sqlite:///state.db` is relative to `folder`. `sqlite:////var/lib/state.db` is absolute."""
    name = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or not name or "\0" in name:
        message = "write sqlite:/// and then the path of a file"
        raise ValueError(message)
    file = (folder / name).absolute()
    if file.is_dir() or not file.parent.is_dir():
        cause = "it is a folder" if file.is_dir() else "its folder does not exist"
        message = f"{file} cannot be a database file: {cause}"
        raise ValueError(message)
    return file
