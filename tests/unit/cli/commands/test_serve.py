"""`snap-token serve`. A thread stands for the process, and a visitor sends the signal that ends it."""

import asyncio
import json
import platform
import shlex
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from handlers import __version__
from handlers.cli import main
from handlers.cli.commands.init import init
from handlers.cli.startup import resources
from handlers.config.settings import Settings
from handlers.server.process import assembly, lifecycle, sockets
from handlers.server.process.uvicorn_server import Server
from tests.document import TOKEN_PATH
from tests.e2e.process import free_port
from tests.engines import REDIS_SERVERS, RedisServer
from tests.listening import listening_on
from tests.merchant import BASE_PATH, write_settings
from tests.nicepay import Nicepay, new_key
from tests.pages import page

Serving = Sequence[tuple[Server, socket.socket]]
_live = lifecycle.run_servers


@dataclass
class Visitor:
    """Lets the servers run until the first has answered a GET of each path, and keeps the answers."""

    paths: tuple[str, ...] = ("/openapi.yaml", BASE_PATH + TOKEN_PATH)
    statuses: list[int] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    inner_statuses: list[int] = field(default_factory=list)

    async def run_servers(self, serving: Serving, companions: Iterable[AbstractAsyncContextManager[None]]) -> None:
        self.origins = [sockets.origin(*listener.getsockname()[:2]) for _, listener in serving]
        async with asyncio.TaskGroup() as group:
            group.create_task(_live(serving, companions))
            await asyncio.to_thread(self._visit)
            lifecycle.request_shutdown(server for server, _ in serving)

    def _visit(self) -> None:
        with httpx.Client(base_url=self.origins[0], trust_env=False) as client:
            self.statuses = [client.get(path).status_code for path in self.paths]
        for origin in self.origins[1:]:
            with httpx.Client(base_url=origin, trust_env=False) as client:
                self.inner_statuses = [client.get(path).status_code for path in ("/livez", "/readyz", *self.paths)]


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Sends requests to the servers that the command starts, and stops them."""
    visitor = Visitor()
    monkeypatch.setattr(lifecycle, "run_servers", visitor.run_servers)
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", "0")
    return visitor


@pytest.fixture
def sandbox(tmp_path: Path) -> str:
    """The settings of a new sandbox."""
    init(tmp_path / "sandbox")
    return str(tmp_path / "sandbox" / "snap-token.toml")


def test_the_token_endpoint_is_served(
    settings_file: Path, visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command serves only the token endpoint until it is stopped, and logs the address. The status is 0."""
    assert main(["serve", "--config", str(settings_file)]) == 0
    assert visitor.statuses == [404, 405]
    out, err = capsys.readouterr()
    first, *others = [json.loads(line) for line in err.splitlines()]
    assert (first["event"], first["endpoint"]) == ("server.listening", visitor.origins[0] + BASE_PATH + TOKEN_PATH)
    assert [line["event"] for line in others] == ["token.refused", "token.refused", "server.stopped"]
    assert out == ""


def test_the_log_line_of_the_start_has_versions_and_settings(
    tmp_path: Path, nicepay: Nicepay, visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log line of the start has the versions and the settings, so that two hosts can be compared."""
    service = '[[services]]\npath = "/a"\nservice_code = "24"'
    file = write_settings(tmp_path, nicepay, Nicepay("SECOND", nicepay.private_key), extra=service)
    assert main(["serve", "--config", str(file)]) == 0
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    known = {name: line.pop(name) for name in ("endpoint", "level", "timestamp", "token_keys")}
    assert known["endpoint"].startswith(visitor.origins[0])
    assert [len(fingerprint) for fingerprint in known["token_keys"]] == [8]
    assert line == {
        "event": "server.listening",
        "version": __version__,
        "python": platform.python_version(),
        "host": "127.0.0.1",
        "tls": False,
        "state": "memory",
        "when_down": "refuse",
        "lifetime_seconds": 900,
        "repeat": "same-span",
        "clients": 2,
        "services": 1,
        "internal": False,
        "audit": False,
        "sandbox": False,
    }


@pytest.mark.usefixtures("visitor")
def test_warnings_are_logged(
    tmp_path: Path,
    nicepay: Nicepay,
    emptied_redis: Callable[[str], RedisServer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The warnings of `serve --check` are in the log of a start."""
    url = emptied_redis(REDIS_SERVERS[0]).url
    file = write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024)), extra=f'[state]\nurl = "{url}?db=0"')
    assert main(["serve", "--config", str(file)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    warned = [line["event"] for line in lines if line["level"] == "warning" and not line["event"].startswith("token.")]
    assert warned == ["client.key_is_short", "state.not_persistent"]


@pytest.mark.parametrize("pair", ["x-original", "x-forwarded"])
def test_the_merchant_s_operations_have_a_listener_of_their_own(
    tmp_path: Path, nicepay: Nicepay, visitor: Visitor, capsys: pytest.CaptureFixture[str], pair: str
) -> None:
    """With [internal] a second listener serves these operations, and neither listener serves those of the other."""
    file = write_settings(tmp_path, nicepay, extra=f'[internal]\nport = 0\ncall_headers = "{pair}"')
    visitor.paths = (BASE_PATH + TOKEN_PATH, "/livez")
    assert main(["serve", "--config", str(file)]) == 0
    assert (visitor.statuses, visitor.inner_statuses) == ([405, 404], [200, 200, 404, 200])
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events[:2] == ["server.listening", "internal.listening"]


def test_a_state_that_cannot_be_used_is_one_line(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state file that is not ours is one line of the log. The exit status is 2."""
    (tmp_path / "state.db").write_bytes(b"something else" * 100)
    (tmp_path / "state.db").chmod(0o600)
    file = write_settings(tmp_path, nicepay, extra='[server]\nport = 0\n[state]\nurl = "sqlite:///state.db"')
    assert main(["serve", "--config", str(file)]) == 2
    (mistake,) = _mistakes(capsys)
    assert mistake.startswith(f"state.url: {tmp_path / 'state.db'} cannot be used")


def test_a_sandbox_serves_its_pages(sandbox: str, visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox serves its pages, and prints their address."""
    assert main(["serve", "--config", sandbox]) == 0
    assert visitor.statuses == [200, 405]
    endpoint, page, document, *_ = capsys.readouterr().out.splitlines()
    assert endpoint.split() == ["Endpoint", "POST", visitor.origins[0] + BASE_PATH + TOKEN_PATH]
    assert page.split() == ["Swagger", "UI", f"{visitor.origins[0]}/ui/"]
    assert document.split() == ["Document", f"{visitor.origins[0]}/openapi.yaml"]


def test_a_sandbox_prints_a_request(sandbox: str, visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox prints a signed request to its endpoint, and says how long it is valid, as in the documentation."""
    assert main(["serve", "--config", sandbox]) == 0
    introduction, _, command = capsys.readouterr().out.partition("curl ")
    assert "valid for 300 seconds" in introduction
    assert introduction.splitlines()[-2] in page("getting-started").splitlines()
    arguments = shlex.split(command)
    assert arguments[1] == visitor.origins[0] + BASE_PATH + TOKEN_PATH
    assert "X-CLIENT-KEY: IONPAYTEST" in arguments


def test_a_base_path_is_served(settings_file: Path, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint is only under the base path of the settings."""
    monkeypatch.setenv("SNAP_TOKEN__SERVER__BASE_PATH", "/")
    visitor.paths = (TOKEN_PATH, BASE_PATH + TOKEN_PATH)
    assert main(["serve", "--config", str(settings_file)]) == 0
    assert visitor.statuses == [405, 404]


def test_a_taken_port_is_one_line(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that is in use is one line that says what to set. The exit status is 2."""
    with listening_on("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", str(port))
        assert main(["serve", "--config", str(settings_file)]) == 2
    cause = "Address already in use (is this server running already?)"
    advice = "set server.host and server.port to a free address"
    assert _mistakes(capsys) == [f"cannot listen on 127.0.0.1:{port}: {cause}; {advice}"]


def test_a_server_that_starts_refuses_connections(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for it, and if another program listens there in the meantime, one line says so."""
    port, others, open_shared = free_port(), list[socket.socket](), resources.open_shared

    def open_late(settings: Settings) -> assembly.ProcessResources:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        others.append(listening_on("127.0.0.1", port))
        return open_shared(settings)

    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", str(port))
    monkeypatch.setattr(resources, "open_shared", open_late)
    assert main(["serve", "--config", str(settings_file)]) == 2
    others[0].close()
    (mistake,) = _mistakes(capsys)
    assert mistake.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")


def test_an_address_of_another_machine_is_one_line(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address that this machine does not have is one line without a guess. The exit status is 2."""
    monkeypatch.setenv("SNAP_TOKEN__SERVER__HOST", "192.0.2.1")
    assert main(["serve", "--config", str(settings_file)]) == 2
    (mistake,) = _mistakes(capsys)
    assert mistake.startswith("cannot listen on 192.0.2.1:8080: Cannot assign requested address; set server.host and ")


def test_on_a_terminal_mistakes_are_plain_lines(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, the reasons why the server does not start are plain lines."""
    settings_file.write_text("[")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["serve", "--config", str(settings_file)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"snap-token: {settings_file} is not TOML: ")


def _mistakes(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The mistakes in the log line of a failed start."""
    out, err = capsys.readouterr()
    (line,) = [json.loads(line) for line in err.splitlines()]
    assert (out, line["event"], line["level"]) == ("", "start.failed", "error")
    return list(line["mistakes"])


def test_a_sandbox_without_its_key_does_not_start(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox without a usable private key is refused by a check and by a start. The exit status is 2."""
    file = Path(sandbox).with_name("nicepay-private.pem")
    file.write_text("no key")
    expected = f"{sandbox}: sandbox.private_key_file: {file}: it is no key in a known form; ask for the key in PEM"
    assert main(["serve", "--config", sandbox]) == 2
    assert _mistakes(capsys) == [expected]
    assert main(["serve", "--check", "--config", sandbox]) == 2
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")


@pytest.mark.parametrize("options", [["--check"], []], ids=["check", "start"])
def test_a_library_without_a_needed_name_is_an_error(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """If a library lacks a private name that the server needs, the server does not start, and names it."""
    monkeypatch.delattr(HttpToolsProtocol, "on_body")
    assert main(["serve", *options, "--config", str(settings_file)]) == 2
    assert "has no HttpToolsProtocol.on_body, which this server needs; install 'uvicorn" in capsys.readouterr().err
