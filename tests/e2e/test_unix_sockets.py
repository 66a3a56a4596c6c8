"""Both listeners on Unix sockets: curl, nginx, replaced workers, and the files of processes that were killed."""

import grp
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from stat import S_IMODE, S_ISSOCK
from threading import Event

import pytest

from tests.e2e.instances import PAYMENT, TOKEN, signed_now
from tests.e2e.process import COMMAND, PATIENCE, Process, run, running
from tests.e2e.proxies import HOST, Upstreams, nginx
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay
from tests.programs import program

GROUP = grp.getgrgid(os.getgid()).gr_name
TABLES = f"""
[server]
socket = "public.sock"
socket_group = "{GROUP}"
workers = 2
[internal]
socket = "internal.sock"
socket_mode = "0600"
[state]
url = "sqlite:///state.db"
[[services]]
path = "{PAYMENT}"
service_code = "90"
"""
CALLERS = 4
ANSWERS = 40


class Connection(HTTPConnection):
    """A persistent connection to a socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))

    def ask(self, nicepay: Nicepay) -> tuple[int, bytes]:
        self.request("POST", TOKEN, BODY, signed_now(nicepay))
        answer = self.getresponse()
        return answer.status, answer.read()


@dataclass(frozen=True)
class Served:
    """The supervisor of two workers, and the folder of its settings and sockets."""

    process: Process
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "snap-token.toml"

    @property
    def public(self) -> Path:
        return self.folder / "public.sock"

    @property
    def internal(self) -> Path:
        return self.folder / "internal.sock"

    def ask(self, nicepay: Nicepay) -> int:
        """The status of the answer to a token request on a new connection."""
        with closing(Connection(self.public)) as connection:
            return connection.ask(nicepay)[0]

    def curl(self, path: Path, *options: str) -> str:
        """What curl prints about a request to this socket."""
        return run(program("curl"), "--silent", "--show-error", "--unix-socket", path, *options).stdout


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Served]:
    """A server that all tests of this file share, up to the one that kills it."""
    folder = tmp_path_factory.mktemp("unix")
    config = write_settings(folder, nicepay, extra=TABLES)
    with running(COMMAND, "serve", "--config", config) as process:
        line = process.err.event("server.listening")
        assert line["endpoint"] == f"http://unix:{folder}/public.sock:{TOKEN}"
        yield Served(process, folder)


def test_mode_and_group_say_who_may_connect(served: Served) -> None:
    """The files are sockets with the mode and the group of the settings."""
    public, internal = served.public.stat(), served.internal.stat()
    assert S_ISSOCK(public.st_mode)
    assert (S_IMODE(public.st_mode), public.st_gid) == (0o660, os.getgid())
    assert S_IMODE(internal.st_mode) == 0o600


def test_curl_reaches_both_listeners(served: Served) -> None:
    """curl is answered. The log has `unix` as the address, or what the peer says in X-Forwarded-For."""
    url = f"http://localhost{TOKEN}"
    assert "4007302" in served.curl(served.public, "--data", "{}", url)
    assert served.process.err.event("token.refused")["remote"] == "unix"
    assert "4007302" in served.curl(served.public, "--data", "{}", "--header", "X-Forwarded-For: 203.0.113.7", url)
    assert served.process.err.event("token.refused")["remote"] == "203.0.113.7"
    assert '"status":"ok"' in served.curl(served.internal, "http://localhost/readyz").replace(" ", "")
    metrics = served.curl(served.internal, "http://localhost/metrics")
    assert 'snap_connections_open{listener="internal"}' in metrics
    assert "snap_connections_waiting{" not in metrics


def test_health_and_self_check_reach_the_sockets(served: Served) -> None:
    """`health` asks the internal listener at its socket, and `self-check` knows the running server."""
    assert run(COMMAND, "health", "--ready", "--config", served.config).stderr == ""
    report = run(COMMAND, "self-check", "--verbose", "--config", served.config).stdout
    assert f"server: {served.public} is in use by this server" in report
    assert f"internal: {served.internal} is in use by this server" in report


@dataclass(frozen=True)
class Sockets(Upstreams):
    """Upstreams of nginx at the sockets in a folder, one instance each."""

    folder: Path = Path()

    def put_into(self, text: str) -> str:
        for port, name in ((8080, "public.sock"), (9080, "internal.sock")):
            assert text.count(f"server {HOST}:{port}") == 1
            text = text.replace(f"server {HOST}:{port}", f"server unix:{self.folder / name}")
            text = text.replace(f"        server {HOST}:{port + 1} max_fails=0;\n", "")
        return text


def test_nginx_passes_calls_through_the_sockets(served: Served, nicepay: Nicepay, tmp_path: Path) -> None:
    """Through nginx, token requests are answered and calls are judged. The log has the address of the caller."""
    with nginx(tmp_path, Sockets(0, 0, 0, folder=served.folder)) as proxy:
        answer = proxy.client.post(TOKEN, headers=signed_now(nicepay), content=BODY)
        assert (answer.status_code, answer.json()["responseCode"]) == (200, "2007300")
        assert served.process.err.event("token.issued")["remote"] == HOST
        assert proxy.client.post(PAYMENT, content=b"{}").json()["responseCode"].startswith("40")
        assert served.process.err.event("call.refused")["remote"] == HOST


def _call(served: Served, nicepay: Nicepay, is_over: Event, *, keeps: bool) -> int:
    """Send token requests until the end, on one connection or on a new one each. Every one must be answered."""
    connection, answers = Connection(served.public), 0
    while not is_over.is_set() or answers < ANSWERS:
        status, _ = connection.ask(nicepay)
        assert status in {200, 500}  # 500: the workers wait for the state file
        answers += 1
        if not keeps:
            connection.close()
    connection.close()
    return answers


def test_workers_are_replaced_without_a_lost_request(served: Served, nicepay: Nicepay) -> None:
    """SIGUSR2 replaces both workers under load. No connection is refused or reset."""
    is_over = Event()
    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(_call, served, nicepay, is_over, keeps=bool(each % 2)) for each in range(CALLERS)]
        try:
            os.kill(served.process.pid, signal.SIGUSR2)
            served.process.err.event("workers.replaced")
        finally:
            is_over.set()
        assert all(each.result() >= ANSWERS for each in callers)


def test_a_live_socket_is_not_taken_over(served: Served, nicepay: Nicepay) -> None:
    """A second server with the same settings does not start, and the first one still answers."""
    second = run(COMMAND, "serve", "--config", served.config)
    assert second.returncode == 2
    assert f"cannot listen on {served.public}: Address already in use" in second.stderr
    assert served.ask(nicepay) == 200


def test_a_killed_server_s_files_are_replaced_and_removed_at_the_stop(served: Served, nicepay: Nicepay) -> None:
    """After kill -9 the files stay. The next server replaces them, and removes them when it stops."""
    os.kill(served.process.pid, signal.SIGKILL)
    assert not any("worker.started" in line for line in served.process.err)  # The workers have ended as well.
    with pytest.raises(ConnectionRefusedError):
        served.ask(nicepay)
    with running(COMMAND, "serve", "--config", served.config) as process:
        process.err.event("server.listening")
        assert served.ask(nicepay) == 200
        process.terminate()
        assert process.status() == 0
    assert [each.exists() for each in (served.public, served.internal)] == [False, False]
