"""From the URL in the settings to a state. No engine but SQLite is asked anything yet: it may come up later."""

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from handlers.state.memory import MemoryState
from handlers.state.port import State
from handlers.state.redis import RedisState
from handlers.state.redis_url import redis_client
from handlers.state.sqlite import SqliteState

FORMS = "memory://, sqlite:///FILE, redis://HOST:PORT/0, rediss://HOST:PORT/0 or unix:///SOCKET?db=0"


def open_state(url: str, folder: Path = Path()) -> State:
    """The state at that URL; files are relative to the folder, or to where the process runs.

    `memory://` is for one process, and whoever serves sees to that: nothing in the URL tells of others.

    Raises:
        ValueError: what is wrong with the URL, which is not repeated since it may hold a password; or SQLite cannot
            use its file.
    """
    parts = _split(url)
    if url == "memory://":
        return MemoryState()
    if parts.scheme == "sqlite":
        return SqliteState(_file(parts, folder))
    if parts.scheme in {"redis", "rediss", "unix"}:
        return RedisState(redis_client(parts, folder))
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
    return (folder / name).absolute()
