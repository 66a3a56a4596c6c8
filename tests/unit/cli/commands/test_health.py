"""`snap-token health`."""

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.cli import main
from handlers.cli.commands import health
from handlers.config.settings import Settings
from tests.e2e.process import run
from tests.internal import running_internal, write_internal_settings
from tests.listening import listening
from tests.merchant import Clock, Merchant
from tests.nicepay import Nicepay
from tests.tls_pair import CERTIFICATE_FILE, KEY_FILE, TLS, write_pair


def _health(config: Path, *options: str) -> int:
    return main(["health", "--config", str(config), *options])


def _settings(folder: Path, origin: str, table: str, host: str = "127.0.0.1") -> Path:
    """Settings with the address of a running listener and mistakes in all other tables."""
    file = folder / "probe.toml"
    port = origin.rpartition(":")[2]
    file.write_text(f'[{table}]\nhost = "{host}"\nport = {port}\nunknown = 1\n[token]\nkeys_file = "gone"\n')
    return file


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104  only asked at
def test_a_server_that_answers_is_well(
    tmp_path: Path, merchant: Merchant, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    """If the server answers, nothing is printed or logged, although the settings have mistakes now."""
    assert _health(_settings(tmp_path, merchant.origin, "server", host)) == 0
    assert capsys.readouterr() == ("", "")
    assert merchant.log() == []


@pytest.mark.parametrize("options", [[], ["--ready"]], ids=["live", "ready"])
def test_the_internal_listener_is_asked(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """The command asks the internal listener, if there is one, without its secret. Nothing is logged."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay, secret=True))
    with running_internal(settings, Clock()) as listener:
        assert _health(_settings(tmp_path, listener.origin, "internal"), *options) == 0
        assert listener.log() == []
    assert capsys.readouterr() == ("", "")


def test_a_server_without_its_state_store_is_alive_and_not_ready(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the state store is down, the server is alive (status 0) and not ready (status 1)."""
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", "unix:///nowhere.sock?db=0")
    settings = Settings.load(write_internal_settings(tmp_path, nicepay))
    monkeypatch.delenv("SNAP_TOKEN__STATE__URL")
    with running_internal(settings, Clock()) as listener:
        probed = _settings(tmp_path, listener.origin, "internal")
        assert [_health(probed), _health(probed, "--ready")] == [0, 1]
    expected = f"the server is not healthy: {listener.origin}/readyz answers 503: state is down"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")


def test_a_stopping_server_is_alive_and_not_ready(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that is stopping needs no restart, and the message says why it is not ready."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay))
    with running_internal(settings, Clock(), lambda each: replace(each, is_draining=lambda: True)) as listener:
        probed = _settings(tmp_path, listener.origin, "internal")
        assert [_health(probed), _health(probed, "--ready")] == [0, 1]
    expected = f"the server is not healthy: {listener.origin}/readyz answers 503: the server is stopping"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")


def _foreign(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await PlainTextResponse("no", 503 if scope["path"] == "/readyz" else 200)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


def test_another_server_is_not_ready(tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """If something else answers 503, the message has the status alone. A 200 of another program is no health."""
    settings = Settings.load(write_internal_settings(tmp_path, nicepay))
    with running_internal(settings, Clock(), wrap=_foreign) as listener:
        probed = _settings(tmp_path, listener.origin, "internal")
        assert [_health(probed, "--ready"), _health(probed)] == [1, 1]
    found = f"snap-token: the server is not healthy: {listener.origin}"
    advice = "but is another program; end it, or correct the address in the settings"
    expected = f"{found}/readyz answers 503\n{found}/livez answers 200, {advice}\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("table", ["server", "internal"])
@pytest.mark.parametrize("host", ["127.0.0.1", "a..b"])
def test_a_missing_server_is_not_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, host: str
) -> None:
    """If no server listens, or the host name is invalid, one line says so. The exit status is 1."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert _health(_settings(tmp_path, origin, table, host)) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"snap-token: the server is not healthy: {origin.replace('127.0.0.1', host)}: ")


@pytest.fixture
def hung() -> Iterator[str]:
    """A process that hangs: the system still accepts its connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("table", ["server", "internal"])
def test_a_server_that_hangs_is_not_well(
    tmp_path: Path, hung: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """A server that accepts a connection and does not answer in time is not healthy."""
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.1)
    assert _health(_settings(tmp_path, hung, table)) == 1
    assert capsys.readouterr() == ("", "snap-token: the server is not healthy: no answer within 2 seconds\n")


def test_two_seconds_are_the_limit() -> None:
    """The time limit is the number of seconds in the messages."""
    assert health.TIMEOUT_SECONDS == 2.0


def test_the_environment_names_the_address(
    settings_file: Path, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment variables override the address, as they do for the server."""
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", merchant.origin.rpartition(":")[2])
    assert _health(settings_file) == 0


@pytest.mark.parametrize(
    ("written", "options", "mistake"),
    [
        ("[", [], "FILE is not TOML: "),
        ("[server]\nport = 65536", [], "FILE: server.port: "),
        (
            "[server]\nport = 0",
            [],
            "the port in the settings is 0, so the real port is only in the log of the server; ",
        ),
        ("", ["--ready"], "--ready needs the internal listener; "),
    ],
    ids=["no TOML", "no port", "any port", "no listener"],
)
def test_settings_without_an_address_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, options: list[str], mistake: str
) -> None:
    """Settings without a usable address are an error of one line. The exit status is 2."""
    file = tmp_path / "probe.toml"
    file.write_text(written)
    assert _health(file, *options) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"snap-token: {mistake.replace('FILE', str(file))}")


def test_a_missing_settings_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the settings file is missing, one line says so. The exit status is 2."""
    assert _health(tmp_path / "nothing") == 2
    assert capsys.readouterr() == ("", f"snap-token: {tmp_path}/nothing cannot be read: No such file or directory\n")


def test_the_command_starts_quickly() -> None:
    """A supervisor runs the command every few seconds, so it imports no state store, no cryptography and no server."""
    script = "import handlers.cli.commands.health, sys; print(*sys.modules)"
    imported = set(run(sys.executable, "-c", script).stdout.split())
    assert "handlers.cli.commands.health" in imported
    assert imported.isdisjoint({"redis", "cryptography", "connexion", "handlers.config.tables"})


ANSWER = b'HTTP/1.1 %d x\r\ncontent-length: 15\r\n\r\n{"status":"ok"}'


@pytest.mark.parametrize("table", ["server", "internal"])
def test_a_socket_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str) -> None:
    """The command connects to the socket of the settings, whose path is relative to them."""
    (tmp_path / "probe.toml").write_text(f'[{table}]\nsocket = "a.sock"\n')
    for status in (0, 1):
        with _answering(tmp_path / "a.sock", ANSWER % (200, 503)[status]):
            expected = status if table == "internal" else 0
            assert _health(tmp_path / "probe.toml") == expected
    assert _health(tmp_path / "probe.toml") == 1
    *answers, gone = capsys.readouterr().err.splitlines()
    message = f"snap-token: the server is not healthy: http://unix:{tmp_path}/a.sock:/livez answers 503"
    assert answers == ([message] if table == "internal" else [])
    assert "No such file" in gone


@contextmanager
def _answering(path: Path, answer: bytes) -> Iterator[None]:
    """Answer the next connection at this socket. The file is removed afterwards."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            if connection.recv(1_000):
                connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield
        thread.join()
    path.unlink()


def test_a_listener_with_tls_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its certificate is not compared, because it names another host and may have expired."""
    write_pair(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / CERTIFICATE_FILE, tmp_path / KEY_FILE)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await PlainTextResponse('{"status":"ok"}')(_scope, _receive, send)

    with listening(app, tls=lambda: context) as (_, port):
        (tmp_path / "probe.toml").write_text(f"[internal]\nport = {port}\n{TLS}")
        assert _health(tmp_path / "probe.toml") == 0
    assert capsys.readouterr().err == ""
