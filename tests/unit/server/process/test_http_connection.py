"""One connection: its limits, its deadlines, and disconnected clients."""

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
    """The log."""
    stream = io.StringIO()
    configure.set_up(stream)
    return stream


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """The connections in order."""
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
    """An application that answers when the gate opens, and counts its requests."""

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


def test_waiting_data_is_limited(made: list[Connection]) -> None:
    """While an answer is awaited, a client can send endlessly, but only one read is kept."""
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


def test_unread_answers_are_limited(made: list[Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends endlessly and never reads gets answers only until the send buffer is full."""
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
    """Before the first answer, only the requests in one piece are parsed."""
    gate = Gate()
    with listening(gate) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST * 200 + LAST)
        assert gate.came.wait(5)
        assert len(made[0].pipeline) <= 1_024 // len(REQUEST)
        gate.open()
        assert read_until_closed(client).count(b"HTTP/1.1 204") == 201


def test_a_body_is_read_while_the_request_before_waits() -> None:
    """A request whose body comes in many pieces, behind a slow request, is answered in order."""
    gate = Gate()
    post = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
    with listening(gate) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST)
        assert gate.came.wait(5)
        gate.open()
        client.sendall(post)
        assert read_until_closed(client).count(b"HTTP/1.1 204") == 2


def test_a_head_begun_before_the_answer_has_its_time(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    """A partial head behind a request has the full time for a head, and then gets 408."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.3)
    with listening(_at_once, idle_seconds=0) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST + REQUEST[:20])
        assert re.findall(rb"HTTP/1.1 (\d+)", read_until_closed(client)) == [b"204", b"408"]
    assert log.getvalue().count("connection.refused") == 1


def test_an_idle_connection_is_closed_without_an_answer(log: io.StringIO) -> None:
    """A client that has its answer and sends nothing gets no 408."""
    with listening(_at_once, idle_seconds=0) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST)
        assert re.findall(rb"HTTP/1.1 (\d+)", read_until_closed(client)) == [b"204"]
    assert log.getvalue() == ""


def test_an_answer_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline of the head stops while a complete request waits for its answer."""
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


class DisconnectRecorder:
    """An application that records its messages, and answers after the client disconnected."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.came, self.done = Event(), Event()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.came.set()
        while not self.got or self.got[-1] != "http.disconnect":
            self.got.append((await receive())["type"])
        await _answer(send)
        self.done.set()


def test_a_request_learns_that_its_client_disconnected(log: io.StringIO) -> None:
    """A running request learns that its client disconnected, and no error is logged."""
    app = DisconnectRecorder()
    with listening(app) as address:
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(REQUEST)
            assert app.came.wait(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert app.done.wait(5)
    assert log.getvalue() == ""


def test_a_pipelined_request_learns_it_too(log: io.StringIO) -> None:
    """The second of three pipelined requests also learns that its client disconnected."""
    gate, reported = Gate(), DisconnectRecorder()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (reported if gate.asked else gate)(scope, receive, send)

    with listening(app) as address:
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(REQUEST * 3)
            assert gate.came.wait(5)
            gate.open()
            assert reported.came.wait(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert reported.done.wait(5)
    assert log.getvalue() == ""


def test_a_half_closed_connection_is_answered_late(made: list[Connection], log: io.StringIO) -> None:
    """A client that closed its sending side gets the answers to its complete requests."""
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
    """An incomplete request is refused once, after the answers before it."""
    app = DisconnectRecorder()
    with listening(app) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST)
        assert app.came.wait(5)
        client.shutdown(socket.SHUT_WR)
        assert read_until_closed(client).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert app.done.wait(5)
    assert log.getvalue().count('"connection.refused"') == log.getvalue().count("\n") == 1


def test_a_refused_body_that_never_comes_is_no_second_refusal(log: io.StringIO) -> None:
    """A client that was answered before its body, and closes its sending side, gets no second answer."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST)
        assert client.recv(65_536).startswith(b"HTTP/1.1 204")
        client.shutdown(socket.SHUT_WR)
        assert read_until_closed(client) == b""
    assert log.getvalue() == ""


def test_who_expects_100_and_gets_an_answer_need_not_send_the_body() -> None:
    """An answer instead of 100 closes the connection, so the next bytes are not read as the body."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST.replace(b"Host", b"Expect: 100-continue\r\nHost"))
        answer = read_until_closed(client)
        assert answer.startswith(b"HTTP/1.1 204")
        assert b"connection: close" in answer


def test_data_after_the_last_request_is_ignored(log: io.StringIO) -> None:
    """After `Connection: close` a client gets its answer, and no other."""
    last = LAST.replace(b"Host: a", b"Host: " + b"a" * (1_025 - len(LAST)))
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(last + REQUEST * 50_000)
        assert read_until_closed(client).count(b"HTTP/1.1 204") == 1
    assert log.getvalue() == ""


def test_a_lingering_connection_ends_with_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads its last answer and leaves frees its slot at once."""
    monkeypatch.setattr(staged_close, "LINGER_SECONDS", 60)
    with listening(_at_once, most_connections=1) as address:
        for _ in range(2):
            with socket.create_connection(address, timeout=5) as client:
                client.sendall(b"\0")
                assert read_until_closed(client).startswith(b"HTTP/1.1 400")


def test_noise_is_refused_once(log: io.StringIO) -> None:
    """Bytes that are not HTTP are refused once, however many they are."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(b"\0" * 50_000)
        assert read_until_closed(client).startswith(b"HTTP/1.1 400")
    assert log.getvalue().count("\n") == 1


def test_data_after_a_refusal_is_ignored(log: io.StringIO) -> None:
    """A client that continues to send after a refusal gets one answer, and can read it."""
    with listening(_at_once) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(REQUEST + b"\0" * 1_000_000)
        client.shutdown(socket.SHUT_WR)
        assert re.findall(rb"HTTP/1.1 (\d+)", read_until_closed(client)) == [b"204", b"400"]
    assert log.getvalue().count("\n") == 1


def test_a_running_request_is_answered_at_shutdown(made: list[Connection]) -> None:
    """At shutdown, a connection that waits for a body reads it, answers, and closes."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        made[0].shutdown()
        await receive()
        await _answer(send)

    with listening(app) as address, socket.create_connection(address, timeout=5) as client:
        client.sendall(POST.replace(b"Host", b"Expect: 100-continue\r\nHost"))
        assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert b"connection: close" in read_until_closed(client)


def test_shutdown_does_not_wait_for_a_body(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    """At shutdown, an answered connection closes, also if the client has not sent its body."""
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
