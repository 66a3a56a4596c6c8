"""Starting and stopping the servers of a process together."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from handlers.server.process import lifecycle, sockets, uvicorn_server
from handlers.server.process.uvicorn_server import Server
from tests.engines import asynchronous

PATIENCE = 20
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


def _nothing() -> None:
    """Reloading is not the matter."""


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  uvicorn's flags have no events
        await asyncio.sleep(0)


@asynccontextmanager
async def _asked(app: App, listener: socket.socket) -> AsyncIterator[asyncio.StreamReader]:
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
    listeners = [sockets.listen("127.0.0.1", 0) for _ in servers]
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
        async with _asked(app, listeners[1]) as answer:
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
    with sockets.listen("127.0.0.1", 0) as one, sockets.listen("127.0.0.1", 0) as other:
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
        async with _asked(app, listeners[1]) as answer:
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
        async with _living(servers, [lifecycle.handle_signals(servers, _nothing, _nothing)]) as (living, listeners):
            async with _asked(app, listeners[0]) as answer:
                for each in signals:
                    signal.raise_signal(each)
                    await _until(lambda: servers[0].should_exit)
                assert not servers[0].force_exit
                app.may_answer.set()
                assert await answer.readline() == ANSWERED
            await living

    test()


@_in_time
async def test_a_second_sigint_cancels_running_requests() -> None:
    """A second SIGINT cancels running requests on every listener."""
    apps = [App(), App()]
    servers = [uvicorn_server.make_server(app) for app in apps]
    async with (
        _living(servers, [lifecycle.handle_signals(servers, _nothing, _nothing)]) as (living, listeners),
        _asked(apps[0], listeners[0]),
        _asked(apps[1], listeners[1]),
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
    companions = [lifecycle.handle_signals(servers, _nothing, _nothing), _signalling(servers)]
    async with _living(servers, companions) as (living, _):
        await living
    assert events == ["startup", "shutdown"]


@_in_time
async def test_a_hangup_reloads() -> None:
    """Each SIGHUP causes a reload and ends nothing."""
    events = asyncio.Event()
    servers = [uvicorn_server.make_server(App())]
    async with _living(servers, [lifecycle.handle_signals(servers, events.set, _nothing)]) as (living, _):
        await _until(lambda: servers[0].started)
        for _ in range(2):
            signal.raise_signal(signal.SIGHUP)
            await events.wait()
            events.clear()
        assert not servers[0].should_exit
        lifecycle.request_shutdown(servers)
        await living
