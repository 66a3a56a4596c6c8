"""From a URL in the settings to a state."""

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
    """A URL that is good, as it is written, which may hold a password; files in it are relative to the folder.

    `memory://` is for one process, and whoever serves sees to that: nothing in the URL tells of others.
    """

    text: str = field(repr=False)
    folder: Path = Path()

    def __post_init__(self) -> None:
        """ValueError says what is wrong with the URL and repeats nothing of it. No engine is asked anything yet."""
        self._opener()

    @property
    def is_single_process(self) -> bool:
        """Whether no other process can reach what is kept there."""
        return self.text == "memory://"

    @property
    def may_exist(self) -> bool:
        """Whether the state can exist. The file of SQLite exists after a process has opened it once."""
        return self.file is None or self.file.exists()

    @property
    def kind(self) -> str:
        """Which engine it names: memory, sqlite or redis."""
        scheme = urlsplit(self.text).scheme
        return "redis" if scheme in _REDIS else scheme

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None for another engine."""
        return _file(urlsplit(self.text), self.folder) if self.kind == "sqlite" else None

    def redis(self) -> Redis | None:
        """A client of Redis, to ask about the Redis server itself; None for another engine."""
        return redis_client(urlsplit(self.text), self.folder) if self.kind == "redis" else None

    @property
    def files(self) -> list[Path]:
        """The certificates and keys that the URL names, which are read whenever a connection is made."""
        return tls_files(_split(self.text), self.folder)

    def open(self, *, starting: bool = False) -> Engine:
        """The state; ValueError if SQLite cannot use its file. A server that is `starting` checks the whole file."""
        return self._opener(starting=starting)()

    def _opener(self, *, starting: bool = False) -> Callable[[], Engine]:
        parts = _split(self.text)
        if self.is_single_process:
            return MemoryState
        if parts.scheme == "sqlite":
            return partial(SqliteState, _file(parts, self.folder), starting=starting)
        if parts.scheme in _REDIS:
            return partial(RedisState, redis_client(parts, self.folder))
        message = f"a state is one of {FORMS}"
        raise ValueError(message)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        malformed = parts.port == 0 or parts.fragment
    except ValueError:  # Its message would hold what stands in place of the port: half a password, maybe.
        malformed = True
    if malformed:
        message = "host or port is malformed; in a password / # ? @ are written %2F %23 %3F %40"
        raise ValueError(message)
    return parts


def _file(parts: SplitResult, folder: Path) -> Path:
    """`sqlite:///state.db` is relative, `sqlite:////var/lib/state.db` is not."""
    name = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or not name or "\0" in name:
        message = "sqlite: has three slashes and the path of a file after it"
        raise ValueError(message)
    file = (folder / name).absolute()
    if file.is_dir() or not file.parent.is_dir():
        cause = "it is a folder" if file.is_dir() else "its folder is missing"
        message = f"a database cannot be at {file}: {cause}"
        raise ValueError(message)
    return file
