"""Requests of the judge over the wire, against servers that do as they please."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest

from handlers.judge import sending
from handlers.judge.exchange import Request
from handlers.judge.pace import Pace
from handlers.judge.sending import LARGEST_ANSWER, Sender, UnreachableError, open_client
from tests.merchant import NOON, Clock

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\n{}"
PLAIN = Request((("Content-Type", "application/json"), ("X-b", "\xff")), b"{}")


def _request(connection: socket.socket) -> bytes:
    """All of it: one that ends in the plain body, or in the last chunk."""
    raw = b""
    while not raw.endswith((b"{}", b"0\r\n\r\n")):
        raw += connection.recv(65_536)
    return raw


@contextmanager
def _server(*answers: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Answers each connection with the next of these bytes, None for never; what came in is kept."""
    received: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                received.append(_request(connection))
                if answer is None:
                    connection.recv(1)
                else:
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/token?a=b", received
        thread.join()


@pytest.fixture
def sender() -> Iterator[Callable[[str], Sender]]:
    with open_client("judge/1") as client:
        client.timeout = httpx.Timeout(0.2)
        yield lambda url: Sender(client, httpx.URL(url), Clock(), Pace(1_000))


def test_a_request_goes_out_as_it_is(sender: Callable[[str], Sender]) -> None:
    """Headers keep their spelling and their bytes, and the URL its query; the judge says who it is."""
    with _server(OK) as (url, received):
        answer = sender(url).send(PLAIN)
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token?a=b HTTP/1.1\r\n")
    assert b"\r\nX-b: \xff" in head
    assert b"\r\nUser-Agent: judge/1" in head
    assert body == b"{}"
    assert (answer.status, answer.header("x-a"), answer.body, answer.at, answer.failure) == (200, "1", b"{}", NOON, "")


def test_path_and_coding_can_be_others(sender: Callable[[str], Sender]) -> None:
    """A suffix goes behind the path; a chunked body comes in pieces, without a length."""
    with _server(OK) as (url, received):
        sender(url).send(Request((), b"A" * 30, "PUT", "/x", chunked=True))
    assert received[0].startswith(b"PUT /token/x?a=b HTTP/1.1\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in received[0]
    assert b"Content-Length" not in received[0]


def test_redirects_are_answers(sender: Callable[[str], Sender]) -> None:
    """A redirect is told, and nobody else is asked."""
    with _server(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (url, _):
        assert sender(url).send(PLAIN).status == 307


def test_an_endless_answer_is_cut(sender: Callable[[str], Sender]) -> None:
    """No more than so many bytes of an answer are read."""
    with _server(b"HTTP/1.1 200 OK\r\n\r\n" + b"A" * (LARGEST_ANSWER + 1)) as (url, _):
        assert len(sender(url).send(PLAIN).body) == LARGEST_ANSWER


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", "closed by the server"),
        (None, "none in time"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno", "DecodingError"),
    ],
    ids=["closed", "silent", "spoilt"],
)
def test_no_answer_is_told(sender: Callable[[str], Sender], answer: bytes | None, failure: str) -> None:
    """A server that has answered once and then does not is told so, as its answer."""
    with _server(OK, answer) as (url, _):
        send = sender(url).send
        send(PLAIN)
        assert send(PLAIN).failure == failure


def test_a_body_that_drips_is_not_waited_for(sender: Callable[[str], Sender], monkeypatch: pytest.MonkeyPatch) -> None:
    """All of an answer has the time that any part of it has."""
    with _server(OK, OK) as (url, _):
        send = sender(url).send
        send(PLAIN)
        monkeypatch.setattr(sending, "_TIMEOUT_SECONDS", -1)
        assert send(PLAIN).failure == "none in time"


def test_no_answer_colours_the_next_request(sender: Callable[[str], Sender]) -> None:
    """A cookie is not brought back."""
    with _server(OK.replace(b"X-A: 1", b"Set-Cookie: a=b"), OK) as (url, received):
        send = sender(url).send
        send(PLAIN)
        send(PLAIN)
    assert not [request for request in received if b"cookie" in request.lower()]


def test_nobody_there_ends_it(sender: Callable[[str], Sender]) -> None:
    """No answer to the first request of all ends the judgement."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        unanswered = sender(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(UnreachableError, match="refused"):
            unanswered.send(PLAIN)
