"""One connection: what it keeps, whom it waits for, and whom it tells that the client is gone."""

import asyncio
import io
import re
import socket
import struct
import threading
from contextlib import suppress
from threading import Event

import pytest
from starlette.types import Receive, Scope, Send

from handlers.server.observability import configure
from handlers.server.process import http_connection, staged_close
from handlers.server.process.deadline import Deadline
from handlers.server.process.http_connection import Connection
from tests.listening import listening, read_until_closed

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
LAST = REQUEST.replace(b"Host", b"Connection: close\r\nHost")
RESET = struct.pack("ii", 1, 0)
LARGEST_READ = 256_000
"""Bytes that uvloop reads at once."""
BUFFER = 65_536
"""Bytes that uvloop holds before it has an application pause."""
LONGEST_ANSWER = 9_000
MORE_THAN_THE_KERNEL_TAKES = 64_000_000


@pytest.fixture
def log() -> io.StringIO:
    """What is logged."""
    stream = io.StringIO()
    configure.set_up(stream)
    return stream


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """The connections, as they come."""
    connections: list[Connection] = []
    real = Connection.connection_made

    def noted(each: Connection, transport: asyncio.Transport) -> None:
        connections.append(each)
        real(each, transport)

    monkeypatch.setattr(Connection, "connection_made", noted)
    return connections


async def _answer(send: Send, status: int = 204) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _at_once(_scope: Scope, _receive: Receive, send: Send) -> None:
    await _answer(send)


class Gate:
    """An application that answers when it is opened, and tells how many requests it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.came = Event()
        self._open: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked += 1
        self._loop, self._open = asyncio.get_running_loop(), self._open or asyncio.Event()
        self.came.set()
        await self._open.wait()
        await _answer(send)

    def open(self) -> None:
        assert self._loop
        assert self._open
        self._loop.call_soon_threadsafe(self._open.set)


def test_what_waits_is_bounded(made: list[Connection]) -> None:
    """While an answer is awaited, a client can send without end: one read is kept, and the rest stays outside."""
    gate = Gate()
    with listening(gate) as address, socket.create_connection(address, timeout=1) as client:
        client.sendall(REQUEST)
        assert gate.came.wait(5)
        with pytest.raises(TimeoutError):
            client.sendall(REQUEST * (MORE_THAN_THE_KERNEL_TAKES // len(REQUEST)))
        assert gate.asked == 1
        assert 0 < len(made[0]._unparsed) <= LARGEST_READ  # noqa: SLF001  what is kept is what the test is about
        assert not made[0].pipeline
        gate.open()


def test_answers_that_nobody_reads_are_bounded(made: list[Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends without end and never reads is answered until the buffer for its answers is full."""
    paused, real = Event(), Connection.pause_writing

    def pause(each: Connection) -> None:
        real(each)
        paused.set()

    async def long(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * (LONGEST_ANSWER - 1_000)})

    monkeypatch.setattr(Connection, "pause_writing", pause)
    with listening(long) as address, socket.create_connection(address, timeout=0.1) as client:
        while not paused.is_set():
            with suppress(TimeoutError):
                client.send(REQUEST * 1_000)
        unread = made[0].transport._transport  # type: ignore[attr-defined]  # noqa: SLF001  what uvloop holds
        assert BUFFER < unread.get_write_buffer_size() <= BUFFER + LONGEST_ANSWER


def test_few_requests_are_parsed_ahead(made: list[Connection]) -> None:
    """Of many requests that come in one piece, so many are parsed before the first is answered as fit into a piece."""
    gate = Gate()
    with listening(gate) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST * 200 + LAST)
        assert gate.came.wait(5)
        assert len(made[0].pipeline) <= 1_024 // len(REQUEST)
        gate.open()
        assert read_until_closed(client).count(b"HTTP/1.1 204") == 201


def test_a_body_is_read_while_the_request_before_waits() -> None:
    """A request whose body comes in many pieces, behind one that takes its time, is answered in its turn."""
    gate = Gate()
    post = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
    with listening(gate) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST)
        assert gate.came.wait(5)
        gate.open()
        client.sendall(post)
        assert read_until_closed(client).count(b"HTTP/1.1 204") == 2


def test_a_head_begun_before_the_answer_has_its_time(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    """Half a head behind a request is waited for, longer than an idle connection, and then answered with 408."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.3)
    with listening(_at_once, idle_seconds=0) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST + REQUEST[:20])
        assert re.findall(rb"HTTP/1.1 (\d+)", read_until_closed(client)) == [b"204", b"408"]
    assert log.getvalue().count("connection.refused") == 1


def test_an_idle_connection_is_closed_without_a_word(log: io.StringIO) -> None:
    """A client that has its answer, and begins nothing, gets no 408."""
    with listening(_at_once, idle_seconds=0) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST)
        assert re.findall(rb"HTTP/1.1 (\d+)", read_until_closed(client)) == [b"204"]
    assert log.getvalue() == ""


def test_an_answer_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the head stands still while a whole request waits for its answer."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.01)

    looked = asyncio.Event()
    real = Deadline._check  # noqa: SLF001  where the clock runs out

    def look(each: Deadline) -> None:
        real(each)
        looked.set()

    async def late(_scope: Scope, _receive: Receive, send: Send) -> None:
        await looked.wait()
        await _answer(send)

    monkeypatch.setattr(Deadline, "_check", look)

    with listening(late) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST)
        assert read_until_closed(client).startswith(b"HTTP/1.1 204")


class Told:
    """An application that waits for what it is told, and answers then."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.came, self.done = Event(), Event()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.came.set()
        while not self.got or self.got[-1] != "http.disconnect":
            self.got.append((await receive())["type"])
        await _answer(send)
        self.done.set()


def test_a_request_is_told_that_its_client_is_gone(log: io.StringIO) -> None:
    """A request that is being answered is told that its client is gone, and its answer fails nothing."""
    app = Told()
    with listening(app) as address:
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(REQUEST)
            assert app.came.wait(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert app.done.wait(5)
    assert log.getvalue() == ""


def test_a_request_with_others_behind_it_is_told_too(log: io.StringIO) -> None:
    """The second of three requests is told that its client is gone, though the third came behind it."""
    gate, told = Gate(), Told()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (told if gate.asked else gate)(scope, receive, send)

    with listening(app) as address:
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(REQUEST * 3)
            assert gate.came.wait(5)
            gate.open()
            assert told.came.wait(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert told.done.wait(5)
    assert log.getvalue() == ""


def test_a_half_closed_connection_is_answered_late(made: list[Connection], log: io.StringIO) -> None:
    """A client that has shut down its sending side gets the answer to what it sent whole, however late it is."""
    gate = Gate()
    with listening(gate) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST)
        client.shutdown(socket.SHUT_WR)
        assert gate.came.wait(5)
        while not made[0]._half_closed:  # noqa: SLF001  until the server has seen it
            threading.Event().wait(0.001)
        gate.open()
        assert read_until_closed(client).startswith(b"HTTP/1.1 204")
    assert log.getvalue() == ""


def test_a_request_cut_off_by_half_closing_is_refused(log: io.StringIO) -> None:
    """What is under way and never becomes whole is refused once, behind the answers before it."""
    app = Told()
    with listening(app) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST)
        assert app.came.wait(5)
        client.shutdown(socket.SHUT_WR)
        assert read_until_closed(client).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert app.done.wait(5)
    assert log.getvalue().count('"connection.refused"') == log.getvalue().count("\n") == 1


def test_a_refused_body_that_never_comes_is_no_second_refusal(log: io.StringIO) -> None:
    """A client that was answered before its body, and shuts down instead of sending it, is just let go."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST)
        assert client.recv(65_536).startswith(b"HTTP/1.1 204")
        client.shutdown(socket.SHUT_WR)
        assert read_until_closed(client) == b""
    assert log.getvalue() == ""


def test_who_expects_100_and_gets_an_answer_need_not_send_the_body() -> None:
    """An answer instead of 100 closes the connection, so that what the client sends next is not taken for the body."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST.replace(b"Host", b"Expect: 100-continue\r\nHost"))
        answer = read_until_closed(client)
        assert answer.startswith(b"HTTP/1.1 204")
        assert b"connection: close" in answer


def test_what_comes_behind_the_last_request_is_not_looked_at(log: io.StringIO) -> None:
    """A client that goes on behind `Connection: close` gets its one answer whole, and no other."""
    last = LAST.replace(b"Host: a", b"Host: " + b"a" * (1_025 - len(LAST)))
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(last + REQUEST * 50_000)
        assert read_until_closed(client).count(b"HTTP/1.1 204") == 1
    assert log.getvalue() == ""


def test_a_lingering_connection_ends_with_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that has read its last answer, and leaves, makes room for another at once."""
    monkeypatch.setattr(staged_close, "LINGER_SECONDS", 60)
    with listening(_at_once, most_connections=1) as address:
        for _ in range(2):
            with socket.create_connection(address, timeout=5) as client:
                client.sendall(b"\0")
                assert read_until_closed(client).startswith(b"HTTP/1.1 400")


def test_noise_is_refused_once(log: io.StringIO) -> None:
    """What is no HTTP, however long, is one refusal."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(b"\0" * 50_000)
        assert read_until_closed(client).startswith(b"HTTP/1.1 400")
    assert log.getvalue().count("\n") == 1


def test_what_comes_behind_a_refusal_is_not_looked_at(log: io.StringIO) -> None:
    """A client that goes on sending behind what is no HTTP is told once, and can read the answer."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST + b"\0" * 1_000_000)
        client.shutdown(socket.SHUT_WR)
        assert re.findall(rb"HTTP/1.1 (\d+)", read_until_closed(client)) == [b"204", b"400"]
    assert log.getvalue().count("\n") == 1


def test_at_the_end_what_is_under_way_is_answered(made: list[Connection]) -> None:
    """A connection that is told to end while it waits for a body takes that body, answers, and closes."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        made[0].shutdown()
        await receive()
        await _answer(send)

    with listening(app) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST.replace(b"Host", b"Expect: 100-continue\r\nHost"))
        assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert b"connection: close" in read_until_closed(client)


def test_at_the_end_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    """A server that ends closes a connection with its answer, though the client has not sent its body, and stays."""
    monkeypatch.setattr(staged_close, "LINGER_SECONDS", 60)
    ending, came = asyncio.Event(), Event()
    real = Connection.shutdown

    def shutdown(each: Connection) -> None:
        real(each)
        ending.set()

    async def late(_scope: Scope, _receive: Receive, send: Send) -> None:
        came.set()
        await ending.wait()
        await _answer(send)

    monkeypatch.setattr(Connection, "shutdown", shutdown)
    with socket.socket() as client:
        with listening(late) as address:
            client.settimeout(5)
            client.connect(address)
            client.sendall(POST)
            assert came.wait(5)
        assert b"connection: close" in read_until_closed(client)
    assert log.getvalue() == ""
