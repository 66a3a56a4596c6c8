"""Creating services from the settings, listening sockets, and signals during the start."""

import asyncio
import io
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, timedelta
from pathlib import Path

import pytest
import requests
import time_machine
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.process import assembly, lifecycle, sockets, uvicorn_server
from handlers.snap.token import TamperedTokenError, TokenKeys
from tests.listening import listening_on
from tests.merchant import NOON, Clock, Merchant, services_of, serving, write_settings
from tests.metrics import increases, series, values
from tests.nicepay import Nicepay, new_key
from tests.trail_files import chain_of, write_key

STOPS = [signal.SIGINT, signal.SIGTERM]


def _warnings(settings: Settings) -> list[dict[str, object]]:
    stream = io.StringIO()
    configure.set_up(stream)
    assembly.log_setting_warnings(settings)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [{name: value for name, value in line.items() if name != "timestamp"} for line in lines]


@time_machine.travel(NOON, tick=False)
def test_the_clock_is_the_machines() -> None:
    """The clock returns the time of the machine, as an aware datetime in UTC."""
    assert assembly.system_clock() == NOON
    assert assembly.system_clock().tzinfo is UTC


def test_services_have_the_values_of_the_settings(tmp_path: Path, nicepay: Nicepay) -> None:
    """Clients, tolerances, token keys, their lifetime and the clock reach the services."""
    file = write_settings(tmp_path, nicepay, tolerance=60, extra="[token]\nlifetime_seconds = 200")
    file.write_text(file.read_text().replace('[token]\nkeys_file = "token.keys"', ""))
    services = services_of(Settings.load(file), Clock())
    client = services.clients.find(nicepay.client_key)
    assert (client.key, client.clock_tolerance) == (nicepay.client_key, timedelta(seconds=60))
    assert client.public_keys == (nicepay.private_key.public_key(),)
    assert services.token_keys.lifetime == timedelta(seconds=200)
    assert services.token_keys.verify(services.token_keys.issue("A", NOON), NOON).client_key == "A"
    assert services.now() == NOON


def test_a_retired_key_decrypts_until_its_end(tmp_path: Path, nicepay: Nicepay) -> None:
    """The retirement time in the key file decides how long a key decrypts tokens."""
    file = write_settings(tmp_path, nicepay)
    keys, retired = file.with_name("token.keys"), Fernet.generate_key()
    keys.write_text(f"{keys.read_text()}{retired.decode()}  # retired 2026-01-22T05:00:00Z\n")
    opening = services_of(Settings.load(file), Clock()).token_keys
    minting = TokenKeys([retired])
    for seconds, opens in ((900, True), (1_000, False)):
        then = NOON + timedelta(seconds=seconds)
        with nullcontext() if opens else pytest.raises(TamperedTokenError):
            assert opening.verify(minting.issue("A", then), then)


def test_a_reload_does_not_change_the_redirect(tmp_path: Path, nicepay: Nicepay) -> None:
    """After a reload, genuine calls still go to the location from the start."""
    before, after = (
        Settings.load(write_settings(tmp_path, nicepay, extra=f'[internal]\naccel_redirect = "@{name}"'))
        for name in ("first", "second")
    )
    shared = assembly.open_resources(before)
    assert assembly.build_services(after, shared).accel_redirect == "@first"


@pytest.mark.parametrize(
    ("host", "now", "secrets"),
    [
        pytest.param("127.0.0.1", '[internal]\nsecret_file = "new"\n', (b"the-secret-of-new",), id="changed"),
        pytest.param("192.0.2.1", '[internal]\nsecret_file = "new"\n', (b"the-secret-of-new",), id="changed, open"),
        pytest.param("127.0.0.1", "[internal]\n", (), id="taken away"),
        pytest.param("192.0.2.1", "[internal]\n", (b"the-secret-of-old",), id="taken away, and others reach it"),
        pytest.param("127.0.0.1", "", (b"the-secret-of-old",), id="no table"),
    ],
)
def test_a_reload_changes_the_internal_secrets(
    tmp_path: Path, nicepay: Nicepay, host: str, now: str, secrets: tuple[bytes, ...]
) -> None:
    """Secrets can change, but a listener that other machines can reach is never without a secret."""
    for name in ("old", "new"):
        (tmp_path / name).write_text(f"the-secret-of-{name}")
        (tmp_path / name).chmod(0o600)
    started = f'[internal]\nhost = "{host}"\nsecret_file = "old"\n'
    shared = assembly.open_resources(Settings.load(write_settings(tmp_path, nicepay, extra=started)), Clock())
    assert shared.internal
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=now))
    assert assembly.build_services(settings, shared).internal_secrets == secrets


def test_the_clock_of_services_is_the_machines_unless_given(settings_file: Path) -> None:
    """By default, services use the clock of the machine."""
    assert services_of(Settings.load(settings_file), assembly.system_clock).now is assembly.system_clock


def test_unknown_clients_are_verified_against_a_dummy_key(settings_file: Path, nicepay: Nicepay) -> None:
    """The key for unknown clients is as large as a client's, belongs to nobody, and survives a reload."""
    settings = Settings.load(settings_file)
    first, second = (services_of(settings, Clock()).clients.find("NOBODY").padding[0] for _ in range(2))
    assert first == second
    assert first.key_size == nicepay.private_key.key_size
    assert first.public_numbers().n != nicepay.private_key.public_key().public_numbers().n


def test_good_settings_log_no_warning(settings_file: Path) -> None:
    """Settings without a risk cause no log line."""
    assert _warnings(Settings.load(settings_file)) == []


def test_short_keys_are_warned_of(tmp_path: Path, nicepay: Nicepay) -> None:
    """A key of less than 2048 bits is accepted, and a log line has its client and its size."""
    settings = Settings.load(write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024))))
    assert _warnings(settings) == [
        {"event": "client.key_is_short", "level": "warning", "client_key": "SHORT", "bits": 1024, "advised": 2048}
    ]


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=IPV6), "localhost"])
def test_a_listener_takes_connections(host: str) -> None:
    """A socket listens on IPv4, IPv6 or a host name. Port 0 means any free port."""
    with listening_on(host, 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((host, port)) as connection:
            assert connection.getpeername()[1] == port


def test_a_bound_socket_refuses_connections() -> None:
    """Until the socket listens, a client learns at once that nobody serves it."""
    with sockets.bind("127.0.0.1", 0) as listener:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(listener.getsockname())
        sockets.listen(listener)
        socket.create_connection(listener.getsockname()).close()


def test_connections_that_nobody_accepted_are_waiting() -> None:
    """The number of connections in the backlog of the kernel. A closed listener has none."""
    with listening_on("127.0.0.1", 0) as listener:
        assert sockets.waiting_connections(listener) == 0
        with socket.create_connection(listener.getsockname()), socket.create_connection(listener.getsockname()):
            assert sockets.waiting_connections(listener) == 2
            listener.accept()[0].close()
            assert sockets.waiting_connections(listener) == 1
    assert sockets.waiting_connections(listener) == 0


def test_a_used_address_is_an_error() -> None:
    """The system refuses a second listener on the same address."""
    with listening_on("127.0.0.1", 0) as listener, pytest.raises(OSError, match="Address already in use"):
        listening_on(*listener.getsockname())


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("merchant.example", "http://merchant.example:80"),
    ],
)
def test_origins_are_written_as_in_urls(host: str, origin: str) -> None:
    """An IPv6 address is in brackets, and any other host is unchanged."""
    assert sockets.origin(host, 80) == origin


@pytest.fixture
def before() -> Iterator[list[int]]:
    """The signals that reach the previous handlers. They do not end the test."""
    signals: list[int] = []
    numbers = [*STOPS, signal.SIGHUP]
    handlers = {number: signal.signal(number, lambda reported, _frame: signals.append(reported)) for number in numbers}
    yield signals
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("stop", STOPS)
def test_a_signal_ends_the_block(before: list[int], stop: signal.Signals) -> None:
    """SIGTERM and SIGINT end the block at once, without an error, and do not reach the previous handler."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    passed = False
    with lifecycle.end_quietly_on_signals():
        signal.raise_signal(stop)
        passed = True
    assert (passed, before) == (False, [])


def test_after_the_block_signals_are_handled_as_before(before: list[int]) -> None:
    """After the block, the previous handlers of SIGTERM and SIGHUP are active again."""
    with lifecycle.end_quietly_on_signals():
        pass
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGHUP)
    assert before == [signal.SIGTERM, signal.SIGHUP]


def test_an_early_reload_is_ignored(before: list[int]) -> None:
    """SIGHUP does not end the block, and does not reach the previous handler."""
    passed = False
    with lifecycle.end_quietly_on_signals():
        signal.raise_signal(signal.SIGHUP)
        passed = True
    assert (passed, before) == (True, [])


def test_errors_leave_the_block(before: list[int]) -> None:
    """The block raises errors, and then restores the previous handlers."""
    with pytest.raises(ZeroDivisionError), lifecycle.end_quietly_on_signals():
        raise ZeroDivisionError
    signal.raise_signal(signal.SIGTERM)
    assert before == [signal.SIGTERM]


def test_the_server_does_not_name_itself(merchant: Merchant, nicepay: Nicepay) -> None:
    """An answer has no Server header."""
    assert "server" not in merchant.ask(nicepay).headers


def test_a_forwarded_address_is_not_trusted() -> None:
    """The application gets the address of the connection, whatever X-Forwarded-For says."""
    show_peer = Route("/", lambda request: PlainTextResponse(request.client.host))
    with serving(Starlette(routes=[show_peer]), nullcontext()) as origin:
        assert requests.get(origin, headers={"X-Forwarded-For": "203.0.113.9"}, timeout=10).text == "127.0.0.1"


def test_limits_of_a_connection() -> None:
    """An idle connection closes after 5 seconds, and one with unread answers after 30 seconds."""
    with listening_on("127.0.0.1", 0) as listener:
        unread = getattr(socket, "TCP_USER_TIMEOUT", None)
        assert unread is None or listener.getsockopt(socket.IPPROTO_TCP, unread) == 30_000
    assert uvicorn_server.make_server(_no_app).config.timeout_keep_alive == 5


async def _no_app(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Never called."""


def test_the_start_and_the_stop_are_in_the_audit_trail(tmp_path: Path, nicepay: Nicepay) -> None:
    """An auditor sees when the server ran, and with which settings. Without [audit] nothing is recorded."""

    async def run(extra: str) -> None:
        shared = assembly.open_resources(Settings.load(write_settings(tmp_path, nicepay, extra=extra)), Clock())
        async with shared.running(), shared.recording_start_and_stop({"clients": 1}):
            pass

    asyncio.run(run(""))
    assert not (tmp_path / "audit").exists()
    (tmp_path / "audit").mkdir()
    write_key(tmp_path / "audit.pem")
    asyncio.run(run('[audit]\ndir = "audit"\nkey_file = "audit.pem"\n'))
    opened, started, stopped, signed = chain_of(tmp_path / "audit")
    assert (opened["event"], signed["event"]) == ("file.opened", "checkpoint")
    assert (started["event"], started["clients"], stopped["event"]) == ("server.started", 1, "server.stopped")


def test_the_audit_trail_is_measured(tmp_path: Path, nicepay: Nicepay) -> None:
    """With [audit], the metrics say whether the trail can be written, and how many lines wait, are written and lost."""

    async def run() -> None:
        extra = '[audit]\ndir = "audit"\nkey_file = "audit.pem"\n'
        shared = assembly.open_resources(Settings.load(write_settings(tmp_path, nicepay, extra=extra)), Clock())
        async with shared.running(), shared.recording_start_and_stop({"clients": 1}):
            pass
        shared.metrics.samples.take()

    (tmp_path / "audit").mkdir()
    write_key(tmp_path / "audit.pem")
    with increases() as risen:
        asyncio.run(run())
    assert risen[series("snap_audit_lines_total")] == 2
    names = ("snap_audit_up", "snap_audit_queue_lines", "snap_audit_lines_lost_total")
    assert [values()[series(name)] for name in names] == [1, 0, 0]
