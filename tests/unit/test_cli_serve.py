"""The server from the command. A thread stands in for the process, a visitor for the signal that ends it."""

import asyncio
import json
import shlex
import socket
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from handlers.cli import main
from handlers.cli.init import init
from handlers.server import lifetime, start
from handlers.server.listener import Server
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, write_settings
from tests.nicepay import Nicepay, new_key

Serving = Sequence[tuple[Server, socket.socket]]
_live = lifetime.live


@dataclass
class Visitor:
    """Lets the servers run until the first has answered a GET of each path, and keeps the answers."""

    paths: tuple[str, ...] = ("/openapi.yaml", BASE_PATH + TOKEN_PATH)
    statuses: list[int] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    inner_statuses: list[int] = field(default_factory=list)

    async def live(self, serving: Serving, companions: Iterable[AbstractAsyncContextManager[None]]) -> None:
        self.origins = [start.origin(*listener.getsockname()[:2]) for _, listener in serving]
        async with asyncio.TaskGroup() as group:
            group.create_task(_live(serving, companions))
            await asyncio.to_thread(self._visit)
            lifetime.end(server for server, _ in serving)

    def _visit(self) -> None:
        with httpx.Client(base_url=self.origins[0], trust_env=False) as client:
            self.statuses = [client.get(path).status_code for path in self.paths]
        for origin in self.origins[1:]:
            with httpx.Client(base_url=origin, trust_env=False) as client:
                self.inner_statuses = [client.get(path).status_code for path in ("/livez", "/readyz", *self.paths)]


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Visits the servers that the command starts, and stops them."""
    visitor = Visitor()
    monkeypatch.setattr(lifetime, "live", visitor.live)
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", "0")
    return visitor


@pytest.fixture
def sandbox(tmp_path: Path) -> str:
    """The settings of a fresh sandbox."""
    init(tmp_path / "sandbox")
    return str(tmp_path / "sandbox" / "snap-token.toml")


def test_good_settings_are_called_good(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A check of good settings says so, serves nothing and ends with status 0."""
    assert main(["serve", "--check", "--config", str(settings_file)]) == 0
    assert capsys.readouterr() == (f"{settings_file}: good\n", "")


def test_a_check_warns(tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """What is allowed but not good is a line on standard error each, and the settings are good."""
    file = write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024)))
    assert main(["serve", "--check", "--config", str(file)]) == 0
    out, err = capsys.readouterr()
    warnings = [json.loads(line) for line in err.splitlines()]
    assert [(line["event"], line["client_key"]) for line in warnings] == [("client.key_is_short", "SHORT")]
    assert out == f"{file}: good\n"


def test_it_serves(settings_file: Path, visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """It serves the token endpoint and no page until it is stopped, and logs where; the status is 0."""
    assert main(["serve", "--config", str(settings_file)]) == 0
    assert visitor.statuses == [404, 405]
    out, err = capsys.readouterr()
    first, *others = [json.loads(line) for line in err.splitlines()]
    assert (first["event"], first["endpoint"]) == ("server.listening", visitor.origins[0] + BASE_PATH + TOKEN_PATH)
    assert [line["event"] for line in others] == ["token.refused", "token.refused", "server.stopped"]
    assert out == ""


@pytest.mark.parametrize("pair", ["x-original", "x-forwarded"])
def test_the_merchant_s_operations_have_a_listener_of_their_own(
    tmp_path: Path, nicepay: Nicepay, visitor: Visitor, capsys: pytest.CaptureFixture[str], pair: str
) -> None:
    """With the table `internal` a second listener serves them, and neither listener serves what is the other's."""
    file = write_settings(tmp_path, nicepay, extra=f'[internal]\nport = 0\ncall_headers = "{pair}"')
    visitor.paths = (BASE_PATH + TOKEN_PATH, "/livez")
    assert main(["serve", "--config", str(file)]) == 0
    assert (visitor.statuses, visitor.inner_statuses) == ([405, 404], [200, 200, 404, 200])
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events[:2] == ["server.listening", "internal.listening"]


def test_a_state_that_cannot_be_used_is_one_line(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no database of ours is told in one line, and the status is 2."""
    (tmp_path / "state.db").write_bytes(b"something else" * 100)
    (tmp_path / "state.db").chmod(0o600)
    file = write_settings(tmp_path, nicepay, extra='[server]\nport = 0\n[state]\nurl = "sqlite:///state.db"')
    assert main(["serve", "--config", str(file)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"snap-token: state.url: {tmp_path / 'state.db'} cannot be used")


def test_a_sandbox_serves_its_pages(sandbox: str, visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox serves its pages beside the endpoint, and prints where they are."""
    assert main(["serve", "--config", sandbox]) == 0
    assert visitor.statuses == [200, 405]
    endpoint, page, document, *_ = capsys.readouterr().out.splitlines()
    assert endpoint.split() == ["Endpoint", "POST", visitor.origins[0] + BASE_PATH + TOKEN_PATH]
    assert page.split() == ["Swagger", "UI", f"{visitor.origins[0]}/ui/"]
    assert document.split() == ["Document", f"{visitor.origins[0]}/openapi.yaml"]


def test_a_sandbox_prints_a_request(sandbox: str, visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox prints a signed request to its endpoint and for how long it is good."""
    assert main(["serve", "--config", sandbox]) == 0
    introduction, _, command = capsys.readouterr().out.partition("curl ")
    assert "good for 300 seconds" in introduction
    arguments = shlex.split(command)
    assert arguments[1] == visitor.origins[0] + BASE_PATH + TOKEN_PATH
    assert "X-CLIENT-KEY: IONPAYTEST" in arguments


def test_a_base_path_is_served(settings_file: Path, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint is under the base path of the settings, and nowhere else."""
    monkeypatch.setenv("SNAP_TOKEN__SERVER__BASE_PATH", "/")
    visitor.paths = (TOKEN_PATH, BASE_PATH + TOKEN_PATH)
    assert main(["serve", "--config", str(settings_file)]) == 0
    assert visitor.statuses == [405, 404]


def test_a_taken_port_is_one_line(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address that cannot be had is told in one line with what to set; the status is 2."""
    with start.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", str(port))
        assert main(["serve", "--config", str(settings_file)]) == 2
    advice = "set server.host and server.port to a free address"
    told = f"snap-token: cannot listen on 127.0.0.1:{port}: Address already in use; {advice}\n"
    assert capsys.readouterr() == ("", told)


def test_a_sandbox_without_its_key_does_not_start(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A sandbox whose key is no key is refused before it listens, by a check as by a start; the status is 2."""
    file = Path(sandbox).with_name("nicepay-private.pem")
    file.write_text("no key")
    told = f"sandbox.private_key_file: {file}: it is no unencrypted private key in PEM"
    for options in (["--check"], []):
        assert main(["serve", *options, "--config", sandbox]) == 2
        assert capsys.readouterr() == ("", f"snap-token: {sandbox}: {told}\n")


def test_a_library_that_changed(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a library lacks a private name that the server needs, the server does not start, and says which."""
    monkeypatch.delattr(HttpToolsProtocol, "on_body")
    assert main(["serve", "--config", str(settings_file)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "has no HttpToolsProtocol.on_body, which this server needs; install 'uvicorn" in line
