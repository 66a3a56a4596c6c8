"""Sending requests over HTTP, also to servers that misbehave."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest

from handlers.judge import sender as sender_module
from handlers.judge.exchange import Request
from handlers.judge.sender import LARGEST_ANSWER, Sender, UnreachableError, open_client
from handlers.judge.throttle import Throttle
from tests.merchant import NOON, Clock

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\n{}"
PLAIN = Request((("Content-Type", "application/json"), ("X-b", "\xff")), b"{}")


def _request(connection: socket.socket) -> bytes:
    """Receive a whole request. It ends with the plain body, or with the last chunk."""
    raw = b""
    while not raw.endswith((b"{}", b"0\r\n\r\n")):
        raw += connection.recv(65_536)
    return raw


@contextmanager
def _server(*answers: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Answer each connection with the next of these bytes, or never for None. Yield the URL and the received bytes."""
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
        yield lambda url: Sender(client, httpx.URL(url), Clock(), Throttle(1_000))


def test_a_request_is_sent_unchanged(sender: Callable[[str], Sender]) -> None:
    """Headers keep their names and bytes, the URL keeps its query, and User-Agent names the judge."""
    with _server(OK) as (url, received):
        answer = sender(url).send(PLAIN)
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token?a=b HTTP/1.1\r\n")
    assert b"\r\nX-b: \xff" in head
    assert b"\r\nUser-Agent: judge/1" in head
    assert body == b"{}"
    assert (answer.status, answer.header("x-a"), answer.body, answer.received_at, answer.failure) == (
        200,
        "1",
        b"{}",
        NOON,
        "",
    )


def test_path_and_transfer_coding_can_be_changed(sender: Callable[[str], Sender]) -> None:
    """A suffix is appended to the path, and a chunked body has no Content-Length."""
    with _server(OK) as (url, received):
        sender(url).send(Request((), b"A" * 30, "PUT", "/x", chunked=True))
    assert received[0].startswith(b"PUT /token/x?a=b HTTP/1.1\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in received[0]
    assert b"Content-Length" not in received[0]


def test_a_redirect_is_not_followed(sender: Callable[[str], Sender]) -> None:
    """A redirect is returned as the answer, and no other server gets a request."""
    with _server(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (url, _):
        assert sender(url).send(PLAIN).status == 307


def test_an_endless_answer_is_cut(sender: Callable[[str], Sender]) -> None:
    """At most `LARGEST_ANSWER` bytes of a body are read."""
    with _server(b"HTTP/1.1 200 OK\r\n\r\n" + b"A" * (LARGEST_ANSWER + 1)) as (url, _):
        assert len(sender(url).send(PLAIN).body) == LARGEST_ANSWER


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", "closed by the server"),
        (None, "timed out"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno",
            "the body does not have the Content-Encoding of its header",
        ),
    ],
    ids=["closed", "silent", "not gzip"],
)
def test_a_missing_answer_has_a_failure(sender: Callable[[str], Sender], answer: bytes | None, failure: str) -> None:
    """If a server has answered before and does not answer now, the answer has a failure that says why."""
    with _server(OK, answer) as (url, _):
        send = sender(url).send
        send(PLAIN)
        assert send(PLAIN).failure == failure


def test_a_slow_body_times_out(sender: Callable[[str], Sender], monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout applies to the whole body, not only to each part of it."""
    with _server(OK, OK) as (url, _):
        send = sender(url).send
        send(PLAIN)
        monkeypatch.setattr(sender_module, "_TIMEOUT_SECONDS", -1)
        assert send(PLAIN).failure == "timed out"


def test_a_cookie_is_not_sent_back(sender: Callable[[str], Sender]) -> None:
    """A cookie of one answer is not sent with the next request."""
    with _server(OK.replace(b"X-A: 1", b"Set-Cookie: a=b"), OK) as (url, received):
        send = sender(url).send
        send(PLAIN)
        send(PLAIN)
    assert not [request for request in received if b"cookie" in request.lower()]


def test_an_unreachable_server_ends_the_run(sender: Callable[[str], Sender]) -> None:
    """If the first request gets no answer, the run ends with an error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        unanswered = sender(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(UnreachableError, match="refused"):
            unanswered.send(PLAIN)
