"""State stores for tests: a Redis server of its own, a store that is open inside a block, a store that can break."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import wraps
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ParamSpec

from handlers.state.memory import MemoryState
from handlers.state.opening import StateUrl
from handlers.state.port import DataLossError, Engine, StateDownError
from tests.e2e.process import Process, free_port, running
from tests.programs import program

NOON = datetime(2024, 1, 22, 12, 0, 0, 123_457, timezone(timedelta(hours=7)))
SECOND = timedelta(seconds=1)

REDIS_SERVERS = [name for name in ("redis-server", "valkey-server") if shutil.which(name)] or ["redis-server"]
"""The Redis servers that are installed. If none is, the tests that need one are skipped and say why."""

P = ParamSpec("P")


def asynchronous(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run each call of the test in a new event loop."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@asynccontextmanager
async def opened(url: str, folder: Path = Path()) -> AsyncIterator[Engine]:
    """Open the state store of this URL, and close it at the end of the block."""
    state = StateUrl(url, folder).open()
    try:
        yield state
    finally:
        await state.close()


async def answered_until_killed(state: Engine, kill: Callable[[], Awaitable[None]]) -> list[str]:
    """Record keys, several at once, and kill the engine meanwhile. Return the keys that got an answer."""
    answered: list[str] = []
    enough = asyncio.Event()

    async def record(name: str) -> None:
        with suppress(StateDownError):
            for number in count():
                assert await state.first_seen(f"{name} {number}", 60, NOON) is None
                answered.append(f"{name} {number}")
                if len(answered) > 500:
                    enough.set()

    calls = asyncio.gather(*(record(str(name)) for name in range(4)))
    await enough.wait()
    await kill()
    await calls
    return answered


PERSISTENT = ("--appendonly", "yes")
"""Options of a Redis server that keeps its data when it restarts."""


@dataclass
class Uptime:
    """The machine's uptime in microseconds. The test sets it."""

    microseconds: int = 0

    def __call__(self) -> int:
        return self.microseconds

    def pass_seconds(self, count: int) -> None:
        self.microseconds += count * 1_000_000


class RedisServer:
    """A Redis server that can stop and start again at the same address. It keeps no data unless `options` say so."""

    def __init__(self, name: str, folder: Path, options: tuple[str, ...] = ()) -> None:
        self._options = options
        self._program = program(name)
        self._socket = folder / "redis.sock"
        self.port = free_port()
        self.url = f"unix://{self._socket}"
        self.tcp_url = f"redis://127.0.0.1:{self.port}/0"
        self._running = ExitStack()
        self.process: Process

    def start(self, *options: str) -> None:
        """Start the server and wait until it accepts connections."""
        address = ("--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self._socket)
        volatile = ("--save", "", "--appendonly", "no", "--dir", self._socket.parent)
        self.process = self._running.enter_context(
            running(self._program, *address, *volatile, *self._options, *options)
        )
        assert any("Ready to accept connections" in line for line in self.process.out)

    def stop(self) -> None:
        self._running.close()


@contextmanager
def redis_server(name: str, *options: str) -> Iterator[RedisServer]:
    """Run a server until the end of the block."""
    with TemporaryDirectory() as folder:
        server = RedisServer(name, Path(folder), options)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class BreakableState(MemoryState):
    """A state store in memory that fails while `up` is false."""

    def __init__(self) -> None:
        super().__init__()
        self.up = True
        self.forgotten = False
        self.reads: asyncio.Queue[float] = asyncio.Queue()
        self.writes: asyncio.Queue[str] = asyncio.Queue()
        self.closed = False

    def _answer(self) -> None:
        if not self.up:
            message = "ConnectionError: refused"
            raise StateDownError(message)

    async def first_seen(
        self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None
    ) -> datetime | None:
        self.writes.put_nowait(key)
        self._answer()
        if self.forgotten:
            raise DataLossError
        return await super().first_seen(key, ttl_seconds, now, signed_at)

    async def revoke(self, subject: str, at: datetime, ttl_seconds: int) -> None:
        self._answer()
        await super().revoke(subject, at, ttl_seconds)

    async def suspend(self, client_key: str, at: datetime) -> None:
        self._answer()
        await super().suspend(client_key, at)

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        self.reads.put_nowait(asyncio.get_running_loop().time())
        self._answer()
        return await super().revocations(now)

    async def close(self) -> None:
        self.closed = True
