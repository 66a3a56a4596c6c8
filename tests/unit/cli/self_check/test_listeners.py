"""The checks of the listeners, on real ports."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit
from threading import Thread

import pytest

from handlers.cli.self_check import listeners
from handlers.cli.self_check.listeners import check_descriptors, check_listeners
from handlers.cli.startup import running_server
from handlers.config.settings import Settings
from handlers.config.tables import Internal
from tests.internal import running_internal, write_internal_settings
from tests.merchant import Clock, Merchant, write_settings
from tests.nicepay import Nicepay


def _with_ports(settings: Settings, server: int, internal: int | None = None) -> Settings:
    tables = {"server": settings.server.model_copy(update={"port": server})}
    if internal is not None and settings.internal:
        return settings.model_copy(
            update=tables | {"internal": settings.internal.model_copy(update={"port": internal})}
        )
    return settings.model_copy(update=tables)


def _found(settings: Settings) -> list[tuple[str, str]]:
    return [(each.severity, each.found) for each in check_listeners(settings)]


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return Settings.load(settings_file)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _port(origin: str) -> int:
    return int(origin.rpartition(":")[2])


def test_a_free_address_is_good(settings: Settings, free_port: int) -> None:
    """An address that nothing uses can be used by a server, and stays free."""
    for _ in range(2):
        assert _found(_with_ports(settings, free_port)) == [
            ("good", f"server: 127.0.0.1:{free_port} is free; no server runs there")
        ]


def test_port_0_is_skipped(settings: Settings) -> None:
    """Port 0 names no address."""
    assert _found(_with_ports(settings, 0)) == [("skipped", "server: 127.0.0.1:0: any free port")]


def test_the_running_server_is_recognised(settings: Settings, merchant: Merchant) -> None:
    """If this server listens there, its address is good. Its log shows one refused request."""
    port = _port(merchant.origin)
    assert _found(_with_ports(settings, port)) == [("good", f"server: 127.0.0.1:{port} is in use by this server")]
    assert [line["path"] for line in merchant.log()] == ["/snap-token-self-check"]


def test_the_internal_listener_says_whether_it_is_ready(tmp_path: Path, nicepay: Nicepay, free_port: int) -> None:
    """The readiness of a running server is a finding."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay, secret=True))
    with running_internal(settings, Clock()) as listener:
        found = _found(_with_ports(settings, free_port, _port(listener.origin)))
    assert [severity for severity, _ in found] == ["good"] * 3
    assert found[-1] == ("good", "the running server is ready")


def test_a_server_that_is_not_ready_is_an_error(
    tmp_path: Path, nicepay: Nicepay, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the state store of the running server is down, the finding has its answer."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "unix:///nowhere.sock?db=0")
    settings = Settings.load(write_internal_settings(tmp_path, nicepay))
    with running_internal(settings, Clock()) as listener:
        *_, (severity, found) = _found(_with_ports(settings, free_port, _port(listener.origin)))
    assert severity == "error"
    assert found.startswith('the running server is not ready: 503 {"')


def test_without_a_running_server_there_is_no_readiness(tmp_path: Path, nicepay: Nicepay, free_port: int) -> None:
    """If nothing listens on the internal address, only the two addresses are reported."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay))
    assert [severity for severity, _ in _found(_with_ports(settings, 0, free_port))] == ["skipped", "good"]


@contextmanager
def _other_program(body: bytes = b'{"status":"ok"}', **headers: str) -> Iterator[int]:
    """A web server that is not ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_another_program_is_an_error(settings: Settings) -> None:
    """If another program uses the address, the server cannot start."""
    with _other_program() as port:
        expected = f"server: 127.0.0.1:{port} is in use, and what listens there is another program"
        assert _found(_with_ports(settings, port)) == [("error", expected)]


def test_a_program_that_does_not_answer_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that accepts a connection and says nothing is not waited for."""
    monkeypatch.setattr(running_server, "_TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        expected = f"server: 127.0.0.1:{port} is in use, and what listens there gives no answer (timed out)"
        assert _found(_with_ports(settings, port)) == [("error", expected)]


def test_an_answer_without_end_is_not_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that sends more than any answer of ours is another program. The check keeps none of it."""
    monkeypatch.setattr(running_server, "LARGEST_ANSWER", 14)
    with _other_program() as port:
        expected = "what listens there gives no answer (its answer has more than 14 bytes)"
        ((severity, found),) = _found(_with_ports(settings, port))
    assert (severity, found) == ("error", f"server: 127.0.0.1:{port} is in use, and {expected}")


def test_metrics_that_cannot_be_read_are_no_limit(tmp_path: Path, nicepay: Nicepay) -> None:
    """If another program answers /metrics, the limit of this shell counts."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay))
    with _other_program(b"process_max_fds{ 12\n", X_TIMESTAMP="2026-11-29T10:00:00+07:00") as port:
        assert check_descriptors(_with_ports(settings, 0, port)).found.startswith("this shell allows")


def test_an_address_of_another_machine_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that this machine does not have cannot be used."""
    monkeypatch.setattr(running_server, "_TIMEOUT_SECONDS", 0.1)
    elsewhere = settings.model_copy(update={"server": settings.server.model_copy(update={"host": "192.0.2.1"})})
    ((severity, found),) = _found(elsewhere)
    assert (severity, found) == ("error", "cannot listen on 192.0.2.1:8080: Cannot assign requested address")


@pytest.mark.parametrize(
    ("limit", "internal", "severity"),
    [(1_099, False, "warning"), (1_100, False, "good"), (2_099, True, "warning"), (2_100, True, "good")],
)
def test_each_connection_needs_a_descriptor(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, limit: int, internal: bool, severity: str
) -> None:
    """A listener may have 1,000 connections, and the server needs 100 other descriptors. The hard limit counts.

    Only root can raise a hard limit again, so the test gives the answer.
    """
    used = settings.model_copy(update={"internal": Internal.model_validate({"port": 0}) if internal else None})
    monkeypatch.setattr(listeners, "getrlimit", lambda _: (64, limit))
    assert check_descriptors(used).severity == severity


def test_the_limit_of_the_running_server_counts(tmp_path: Path, nicepay: Nicepay) -> None:
    """The metrics of a running server have its own limit. The check sends the secret of the internal listener."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay, secret=True))
    before = getrlimit(RLIMIT_NOFILE)
    with running_internal(settings, Clock()) as listener:
        setrlimit(RLIMIT_NOFILE, (2_099, before[1]))
        try:
            finding = check_descriptors(_with_ports(settings, 0, _port(listener.origin)))
        finally:
            setrlimit(RLIMIT_NOFILE, before)
    assert finding.severity == "warning"
    assert finding.found == "the running server allows 2,099 open files, and the server can need 2,100"


def test_no_limit_is_good(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without a limit is good. A process cannot always remove its own limit, so the test gives the answer."""
    monkeypatch.setattr(listeners, "getrlimit", lambda _: (RLIM_INFINITY, RLIM_INFINITY))
    assert check_descriptors(settings).severity == "good"


def test_a_socket_is_free_or_in_use(tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is examined like an address. What listens there without an answer is another program."""
    extra = '[server]\nsocket = "a.sock"\n'
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=extra))
    path = tmp_path / "a.sock"
    assert _found(settings) == [("good", f"server: {path} is free; no server runs there")]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        monkeypatch.setattr(running_server, "_TIMEOUT_SECONDS", 0.05)
        ((severity, found),) = _found(settings)
    assert (severity, found.startswith(f"server: {path} is in use, and what listens there ")) == ("error", True)
