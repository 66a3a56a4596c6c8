"""Starting and stopping the servers of a process together."""

import asyncio
import io
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from handlers.server.observability import configure
from handlers.server.process import lifecycle, uvicorn_server
from handlers.server.process.drain import Drain
from handlers.server.process.uvicorn_server import Server
from tests.engines import asynchronous
from tests.listening import listening_on

PATIENCE = 60
"""Seconds."""

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWERED = b"HTTP/1.1 204 No Content\r\n"


@dataclass
class App:
    """An application whose answer waits until the test allows it."""

    events: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            self.asked.set()
            await self.may_answer.wait()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    async def _live(self, receive: Receive, send: Send) -> None:
        for word in ("startup", "shutdown"):
            await receive()
            self.events.append(word)
            await send({"type": f"lifespan.{word}.complete"})


class BreakableServer(Server):
    """A server that raises an error when the test allows it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.may_break, self.broke = asyncio.Event(), asyncio.Event()

    async def main_loop(self) -> None:
        await self.may_break.wait()
        self.broke.set()
        raise ZeroDivisionError


async def _cannot_start(_scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no"})


@asynccontextmanager
async def _context(events: list[str], name: str) -> AsyncIterator[None]:
    events.append(f"{name} begins")
    try:
        yield
    finally:
        events.append(f"{name} ends")


@asynccontextmanager
async def _failing() -> AsyncIterator[None]:
    raise ZeroDivisionError
    yield


@asynccontextmanager
async def _signalling(servers: list[Server]) -> AsyncIterator[None]:
    signal.raise_signal(signal.SIGTERM)
    await _until(lambda: servers[0].should_exit)
    yield


def _nothing(*_: object) -> None:
    """Ignore the call, because the test is about something else."""


def _handling_signals(
    servers: Sequence[Server],
    reload: Callable[[Callable[[], None]], None] = _nothing,
    on_stop: Callable[[int], None] = _nothing,
    drain_seconds: int = 0,
) -> AbstractAsyncContextManager[None]:
    return lifecycle.handle_signals(lifecycle.Control(servers, reload, on_stop, Drain(drain_seconds)))


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  uvicorn's flags have no events
        await asyncio.sleep(0)


@asynccontextmanager
async def _open_request(app: App, listener: socket.socket) -> AsyncIterator[asyncio.StreamReader]:
    """A request that the application has received, but not yet answered."""
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(REQUEST)
    await app.asked.wait()
    yield reader
    writer.close()


def _in_time(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    async def limited() -> None:
        async with asyncio.timeout(PATIENCE):
            await test()

    limited.__name__, limited.__doc__ = test.__name__, test.__doc__
    return asynchronous(limited)


@asynccontextmanager
async def _living(
    servers: Sequence[Server], companions: Sequence[AbstractAsyncContextManager[None]]
) -> AsyncIterator[tuple[asyncio.Task[None], list[socket.socket]]]:
    """The running servers, each on its own listener. The block must stop them."""
    listeners = [listening_on("127.0.0.1", 0) for _ in servers]
    try:
        serving = list(zip(servers, listeners, strict=True))
        yield asyncio.create_task(lifecycle.run_servers(serving, companions)), listeners
    finally:
        for listener in listeners:
            listener.close()


@_in_time
async def test_all_end_when_one_ends() -> None:
    """When one server ends, the other answers its running requests and ends. The contexts end last."""
    events: list[str] = []
    app = App(events)
    servers = [uvicorn_server.make_server(each) for each in (App(), app)]
    async with _living(servers, [_context(events, "first"), _context(events, "second")]) as (living, listeners):
        async with _open_request(app, listeners[1]) as answer:
            servers[0].should_exit = True
            await _until(lambda: servers[1].should_exit)
            app.may_answer.set()
            assert await answer.readline() == ANSWERED
        await living
    assert events == ["first begins", "second begins", "startup", "shutdown", "second ends", "first ends"]


@_in_time
async def test_a_server_that_cannot_start_ends_all() -> None:
    """If one application cannot start, the other ends in order, and the process exits with status 3."""
    events: list[str] = []
    servers = [uvicorn_server.make_server(App(events)), uvicorn_server.make_server(_cannot_start)]
    with listening_on("127.0.0.1", 0) as one, listening_on("127.0.0.1", 0) as other:
        serving = list(zip(servers, (one, other), strict=True))
        with pytest.raises(SystemExit) as ended:
            await lifecycle.run_servers(serving, [_context(events, "companion")])
    assert ended.value.code == 3
    assert events == ["companion begins", "startup", "shutdown", "companion ends"]


@_in_time
async def test_an_error_of_one_server_waits_for_the_other() -> None:
    """An error that ends one server is raised after the other server has ended."""
    events: list[str] = []
    app = App(events)
    breaking = BreakableServer(uvicorn_server.make_server(App()).config)
    async with _living([breaking, uvicorn_server.make_server(app)], [_context(events, "companion")]) as (
        living,
        listeners,
    ):
        async with _open_request(app, listeners[1]) as answer:
            breaking.may_break.set()
            await _until(breaking.broke.is_set)
            app.may_answer.set()
            assert await answer.readline() == ANSWERED
        with pytest.raises(ZeroDivisionError):
            await living
    assert events == ["companion begins", "startup", "shutdown", "companion ends"]


@_in_time
async def test_nothing_is_served_without_a_context() -> None:
    """An error in a shared context is raised, nothing is served, and the earlier contexts end."""
    events: list[str] = []
    async with _living([uvicorn_server.make_server(App(events))], [_context(events, "first"), _failing()]) as (
        living,
        _,
    ):
        with pytest.raises(ZeroDivisionError):
            await living
    assert events == ["first begins", "first ends"]


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM]])
def test_a_signal_to_stop_waits_for_the_answer(signals: list[signal.Signals]) -> None:
    """After one SIGINT, or any number of SIGTERMs, running requests are answered."""

    @_in_time
    async def test() -> None:
        app = App()
        servers = [uvicorn_server.make_server(app)]
        async with _living(servers, [_handling_signals(servers)]) as (living, listeners):
            async with _open_request(app, listeners[0]) as answer:
                for each in signals:
                    signal.raise_signal(each)
                    await _until(lambda: servers[0].should_exit)
                assert not servers[0].force_exit
                app.may_answer.set()
                assert await answer.readline() == ANSWERED
            await living

    test()


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_drain_ends_at_a_second_signal(second: signal.Signals) -> None:
    """After SIGTERM the server still accepts connections. A second signal stops it, and cancels no request."""

    @_in_time
    async def test() -> None:
        app, limits = App(), asyncio.Queue[int]()
        servers = [uvicorn_server.make_server(app)]
        handling = _handling_signals(servers, on_stop=limits.put_nowait, drain_seconds=300)
        async with _living(servers, [handling]) as (living, listeners):
            await _until(lambda: servers[0].started)
            signal.raise_signal(signal.SIGTERM)
            assert await limits.get() == 300
            async with _open_request(app, listeners[0]) as answer:
                assert not servers[0].should_exit
                signal.raise_signal(second)
                assert await limits.get() == 0
                assert (servers[0].should_exit, servers[0].force_exit) == (True, False)
                app.may_answer.set()
                assert await answer.readline() == ANSWERED
            await living

    test()


@_in_time
async def test_the_drain_ends_by_itself() -> None:
    """After the seconds of the drain, the servers stop without another signal."""
    servers = [uvicorn_server.make_server(App())]
    async with _living(servers, [_handling_signals(servers, drain_seconds=1)]) as (living, _):
        await _until(lambda: servers[0].started)
        signal.raise_signal(signal.SIGTERM)
        await living
    assert servers[0].should_exit


@_in_time
async def test_a_sigint_starts_no_drain() -> None:
    """The first SIGINT stops the servers at once, because no load balancer sends it."""
    servers = [uvicorn_server.make_server(App())]
    async with _living(servers, [_handling_signals(servers, drain_seconds=300)]) as (living, _):
        await _until(lambda: servers[0].started)
        signal.raise_signal(signal.SIGINT)
        await living
    assert not servers[0].force_exit


@_in_time
async def test_a_second_sigint_cancels_running_requests() -> None:
    """A second SIGINT cancels running requests on every listener."""
    apps = [App(), App()]
    servers = [uvicorn_server.make_server(app) for app in apps]
    async with (
        _living(servers, [_handling_signals(servers)]) as (living, listeners),
        _open_request(apps[0], listeners[0]),
        _open_request(apps[1], listeners[1]),
    ):
        signal.raise_signal(signal.SIGINT)
        await _until(lambda: servers[1].should_exit)
        signal.raise_signal(signal.SIGINT)
        await living
    assert not any(app.may_answer.is_set() for app in apps)


@_in_time
async def test_a_signal_before_the_servers_start_ends_them() -> None:
    """A SIGTERM while a context starts ends the servers as soon as they run."""
    events: list[str] = []
    servers = [uvicorn_server.make_server(App(events))]
    companions = [_handling_signals(servers), _signalling(servers)]
    async with _living(servers, companions) as (living, _):
        await living
    assert events == ["startup", "shutdown"]


@_in_time
async def test_a_worker_that_retires_is_not_draining() -> None:
    """A worker that retires answers its running requests and ends at once, and its readiness does not change."""
    app, drain, limits = App(), Drain(300), asyncio.Queue[int]()
    servers = [uvicorn_server.make_server(app)]
    control = lifecycle.Control(servers, _nothing, limits.put_nowait, drain)
    async with _living(servers, []) as (living, listeners):
        async with _open_request(app, listeners[0]) as answer:
            control.retire()
            assert (limits.get_nowait(), drain.has_begun) == (0, False)
            app.may_answer.set()
            assert await answer.readline() == ANSWERED
        await living


@_in_time
async def test_it_is_announced_when_all_servers_accept() -> None:
    """The announcement comes once, when every listener is served."""
    announced = asyncio.Event()
    servers = [uvicorn_server.make_server(App()) for _ in range(2)]
    async with _living(servers, [lifecycle.announcing(servers, announced.set)]) as (living, _):
        await announced.wait()
        assert [server.is_accepting.is_set() for server in servers] == [True, True]
        lifecycle.request_shutdown(servers)
        await living


def test_the_service_manager_learns_of_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service manager is told that the process reads its settings again, has read them, and stops."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

    @_in_time
    async def test() -> None:
        servers = [uvicorn_server.make_server(App())]
        async with _living(servers, [_handling_signals(servers, lambda done: done())]) as (living, _):
            await _until(lambda: servers[0].started)
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
            await living

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        test()
        told = [manager.recv(100).partition(b"\n")[0] for _ in range(3)]
    assert sorted(told) == [b"READY=1", b"RELOADING=1", b"STOPPING=1"]


def test_one_process_does_not_replace_itself() -> None:
    """SIGUSR2 does not end the only process. The log says that there are no workers to replace."""
    stream = io.StringIO()
    configure.set_up(stream)

    @_in_time
    async def test() -> None:
        servers = [uvicorn_server.make_server(App())]
        async with _living(servers, [_handling_signals(servers)]) as (living, _):
            await _until(lambda: servers[0].started)
            signal.raise_signal(signal.SIGUSR2)
            await _until(lambda: bool(stream.getvalue()))
            lifecycle.request_shutdown(servers)
            await living

    test()
    line = json.loads(stream.getvalue())
    assert (line["event"], line["cause"].startswith("there is one process")) == ("workers.not_replaced", True)


@_in_time
async def test_a_hangup_reloads() -> None:
    """Each SIGHUP causes a reload and ends nothing."""
    events = asyncio.Event()
    servers = [uvicorn_server.make_server(App())]
    async with _living(servers, [_handling_signals(servers, lambda _: events.set())]) as (living, _):
        await _until(lambda: servers[0].started)
        for _ in range(2):
            signal.raise_signal(signal.SIGHUP)
            await events.wait()
            events.clear()
        assert not servers[0].should_exit
        lifecycle.request_shutdown(servers)
        await living
