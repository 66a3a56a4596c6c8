"""TLS handshakes, and connections with TLS."""

import asyncio
import errno
import io
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import pytest
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from handlers.config.tls_files import CertificateChain, ServerKey, Tls
from handlers.server.observability import configure
from handlers.server.observability.metrics.metric import REGISTRY
from handlers.server.process import http_connection, tls_handshakes
from handlers.server.process.tls_handshakes import MOST_LINES_A_SECOND, Handshakes, kind_of
from handlers.server.process.uvicorn_server import Server
from tests.listening import listening, read_until_closed
from tests.tls_pair import CERTIFICATE_FILE, HOST, KEY_FILE, rsa_key, write_pair

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
NOT_HTTP = b"\x00\r\n\r\n"
PATIENCE = 10


def _wait_until(condition: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < end
        sleep(0.01)


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


@pytest.fixture
def log() -> io.StringIO:
    """The log."""
    stream = io.StringIO()
    configure.set_up(stream)
    return stream


def _events(log: io.StringIO) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [(line["event"], line.get("cause", "")) for line in lines]


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A certificate with its key."""
    certificate = write_pair(tmp_path)
    chain = CertificateChain(tmp_path, (tmp_path / CERTIFICATE_FILE).read_bytes(), certificate)
    return Tls(chain, ServerKey((tmp_path / KEY_FILE).read_bytes(), rsa_key()), "1.3")


@contextmanager
def _client(tls: Tls, address: tuple[str, int]) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cadata=tls.chain.pem.decode())
    with (
        socket.create_connection(address, PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as client,
    ):
        yield client


def _ask(client: ssl.SSLSocket) -> bytes:
    """Send a request and return its whole answer, which can be several records."""
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"https") and (piece := client.recv(1_000)):
        answer += piece
    return answer


def test_requests_are_answered_over_tls(tls: Tls) -> None:
    """One connection serves several requests, and the application knows that they came over TLS."""
    with listening(_app, tls=tls.context) as address, _client(tls, address) as client:
        for _ in range(2):
            assert _ask(client).endswith(b"https")


def test_a_handshake_that_fails_frees_its_slot(tls: Tls, log: io.StringIO) -> None:
    """After plain HTTP, and after a client that just leaves, the next client is served."""
    with listening(_app, most_connections=1, tls=tls.context) as address:
        _send(address, REQUEST)
        socket.create_connection(address, PATIENCE).close()
        with _client(tls, address) as client:
            assert _ask(client).endswith(b"https")
    assert _events(log) == [("tls.handshake_failed", "HTTP_REQUEST")]


def _send(address: tuple[str, int], data: bytes) -> bytes:
    """What the server answers to these bytes of a client that sends no more."""
    with socket.create_connection(address, PATIENCE) as plain:
        plain.sendall(data)
        return read_until_closed(plain)


def test_plain_http_is_told_to_use_https(tls: Tls) -> None:
    """A client without TLS gets an answer that it can read."""
    with listening(_app, tls=tls.context) as address, socket.create_connection(address, PATIENCE) as plain:
        plain.sendall(REQUEST)
        answer = HTTPResponse(plain)
        answer.begin()
        assert (answer.status, answer.read()) == (400, b"This port speaks HTTPS only.\n")


def test_a_client_is_told_why_its_handshake_failed(tls: Tls) -> None:
    """A client without TLS 1.3 gets the alert protocol_version (RFC 8446, section 6.2)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        listening(_app, tls=tls.context) as address,
        socket.create_connection(address, PATIENCE) as plain,
        pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"),
    ):
        context.wrap_socket(plain)


def _fail(tls: Tls, accepted: socket.socket) -> None:
    """Begin a handshake on this connection, and wait until its slot is freed."""

    async def main() -> None:
        freed = asyncio.Event()
        Handshakes(tls.context, "server").begin(asyncio.Protocol, accepted, freed.set)
        await asyncio.wait_for(freed.wait(), PATIENCE)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


class _LastDescriptor(socket.socket):
    """A connection that has the last file descriptor of the process."""

    def dup(self) -> Self:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_client_is_not_told_without_a_file_descriptor(tls: Tls) -> None:
    """Its handshake fails all the same, and its slot is freed."""
    with socket.create_server((HOST, 0)) as server, socket.create_connection(server.getsockname(), PATIENCE) as plain:
        accepted = _LastDescriptor(fileno=server.accept()[0].detach())
        plain.sendall(REQUEST)
        _fail(tls, accepted)
        assert read_until_closed(plain) == b""


def _failures(cause: str) -> float:
    labels = {"listener": "server", "cause": cause}
    return REGISTRY.get_sample_value("snap_tls_handshake_failures_total", labels) or 0


def test_each_failure_is_counted_by_its_cause(tls: Tls) -> None:
    """The metric has every failure, also those without a log line, but no client that just left."""
    clients = {
        "plain_http": REQUEST,
        "other": b"SSH-2.0-OpenSSH_9.2\r\n",
    }
    before = {cause: _failures(cause) for cause in (*clients, "certificate_refused")}
    with listening(_app, tls=tls.context) as address:
        socket.create_connection(address, PATIENCE).close()
        for data in (*clients.values(), *[REQUEST] * MOST_LINES_A_SECOND):
            _send(address, data)
        with (
            socket.create_connection(address, PATIENCE) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            ssl.create_default_context().wrap_socket(plain, server_hostname=HOST)
        _wait_until(lambda: _failures("certificate_refused") > before["certificate_refused"])
    counted = {cause: _failures(cause) - number for cause, number in before.items()}
    assert counted == {"plain_http": 1 + MOST_LINES_A_SECOND, "other": 1, "certificate_refused": 1}


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("UNSUPPORTED_PROTOCOL", "old_version"),
        ("NO_SHARED_CIPHER", "nothing_shared"),
        ("NO_SUITABLE_KEY_SHARE", "nothing_shared"),
        ("HTTPS_PROXY_REQUEST", "plain_http"),
        ("TLSV1_ALERT_UNKNOWN_CA", "certificate_refused"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "certificate_refused"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "certificate_refused"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "other"),
        ("timeout", "timeout"),
    ],
)
def test_a_reason_of_openssl_has_a_kind(cause: str, kind: str) -> None:
    """The label of the metric has few values."""
    assert kind_of(cause) == kind


def test_a_silent_client_makes_nobody_wait_and_is_closed(
    tls: Tls, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not finish its handshake is closed at the time limit. Others are served meanwhile."""
    monkeypatch.setattr(tls_handshakes, "HANDSHAKE_SECONDS", 0.5)
    with listening(_app, tls=tls.context) as address, socket.create_connection(address, PATIENCE) as silent:
        with _client(tls, address) as client:
            assert _ask(client).endswith(b"https")
        assert silent.recv(1) == b""
    assert _events(log) == [("tls.handshake_failed", "timeout")]


def test_the_log_has_a_limited_number_of_lines(tls: Tls, log: io.StringIO) -> None:
    """However many handshakes fail, only some of them have a line in each second."""
    with listening(_app, tls=tls.context) as address:
        for _ in range(5 * MOST_LINES_A_SECOND):
            with socket.create_connection(address, PATIENCE) as plain:
                plain.sendall(REQUEST)
                read_until_closed(plain)
    lines = [json.loads(line)["timestamp"][:19] for line in log.getvalue().splitlines()]
    assert max(map(lines.count, lines)) <= MOST_LINES_A_SECOND


def test_a_handshake_that_runs_at_the_end_can_still_finish(tls: Tls) -> None:
    """A client whose handshake runs when the server stops is answered, with `Connection: close`."""
    with socket.create_server((HOST, 0)) as listener:
        server = Server(uvicorn.Config(_app, lifespan="off", log_config=None), tls=tls.context)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        context = ssl.create_default_context(cadata=tls.chain.pem.decode())
        with socket.create_connection(listener.getsockname(), PATIENCE) as plain:
            _wait_until(lambda: server.open_connections == 1)
            server.should_exit = True
            _wait_until(lambda: listener.fileno() == -1)
            with context.wrap_socket(plain, server_hostname=HOST) as client:
                assert b"connection: close" in _ask(client)
        thread.join()


def test_a_handshake_without_end_does_not_hold_up_the_end(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its end, the server waits for the idle time at most, and then closes what is still in its handshake."""
    monkeypatch.setattr(tls_handshakes, "HANDSHAKE_SECONDS", 1_000)
    with listening(_app, tls=tls.context, idle_seconds=1) as address:
        silent = socket.create_connection(address, PATIENCE)
        with _client(tls, address):  # So the server has accepted the silent client.
            pass
    with silent:
        assert silent.recv(1) == b""


def test_a_context_that_cannot_be_used_is_an_error_of_the_server(tls: Tls, log: io.StringIO) -> None:
    """If the server itself fails, the log has the error, and the next client is served."""
    failures = [RuntimeError("odd")]

    def context() -> ssl.SSLContext:
        if failures:
            raise failures.pop()
        return tls.context()

    with listening(_app, most_connections=1, tls=context) as address:
        with socket.create_connection(address, PATIENCE) as first:
            assert first.recv(1) == b""
        with _client(tls, address) as client:
            assert _ask(client).endswith(b"https")
    assert log.getvalue().count("Traceback") == 1
    assert ("server.cannot_accept", "RuntimeError('odd')") in _events(log)


def test_a_client_that_has_left_has_no_address(tls: Tls) -> None:
    """A client can leave before its handshake begins. Its slot is freed."""
    _fail(tls, socket.socket())


def test_a_refused_client_that_sends_can_read_the_answer(tls: Tls) -> None:
    """The answer to what is not HTTP arrives, although the client has sent more."""
    with listening(_app, tls=tls.context) as address, _client(tls, address) as client:
        client.sendall(NOT_HTTP + bytes(200_000))
        assert client.recv(1_000).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_closes_its_side_ends_the_connection(tls: Tls, caplog: pytest.LogCaptureFixture) -> None:
    """There is no half-closed connection with TLS: after close_notify the server closes too, and logs nothing."""
    with listening(_app, tls=tls.context) as address, _client(tls, address) as client:
        assert _ask(client).endswith(b"https")
        client.unwrap()
    assert caplog.records == []


def test_a_silent_connection_is_closed_after_the_handshake(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit of a request head counts from the end of the handshake."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    with listening(_app, tls=tls.context) as address, _client(tls, address) as client:
        assert client.recv(1) == b""
