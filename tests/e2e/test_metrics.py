"""The metrics of real processes, as Prometheus reads them."""

import signal
import socket
import subprocess
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from shutil import which

import pytest

from handlers.server.observability.metrics.workers import FOLDER_VARIABLE
from tests.e2e.instances import TABLES, Instance, instances, signed_now
from tests.e2e.process import COMMAND, PATIENCE, environment, run, wait_until
from tests.merchant import write_settings
from tests.metrics import Series, parsed, series
from tests.nicepay import CLIENT_KEY, Nicepay

ISSUED = series("snap_token_requests_total", client=CLIENT_KEY, outcome="issued", response_code="2007300", reason="")
PROMTOOL = which("promtool") or ""
KNOWN_FINDINGS = ['snap_client_public_key_bits use base unit "bytes" instead of "bits"']
"""promtool demands bytes. The size of a key is always given in bits."""


def _page(instance: Instance, accept: str = "") -> str:
    connection = HTTPConnection("127.0.0.1", instance.internal_port, timeout=PATIENCE)
    connection.request("GET", "/metrics", headers={"Accept": accept})
    page = connection.getresponse().read().decode()
    connection.close()
    return page


def _values(instance: Instance) -> dict[Series, float]:
    return parsed(_page(instance))


def _has_issued(instance: Instance, number: int) -> bool:
    """Whether the page counts so many tokens. A process shows the values of another one after it has written them."""
    return _values(instance).get(ISSUED) == number


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with both listeners and a state file."""
    state = '[state]\nurl = "sqlite:///state.db"\n'
    return write_settings(tmp_path, nicepay, extra=TABLES + state)


@pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed: Debian's package prometheus")
def test_promtool_accepts_the_page(settings: Path, nicepay: Nicepay) -> None:
    """The page is valid, and its names follow Prometheus' conventions."""
    with instances(settings) as (instance,):
        instance.ask(signed_now(nicepay))
        instance.authorise(instance.payments(nicepay).call("1"))
        page = _page(instance)
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=page, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (checked.stdout + checked.stderr).splitlines() == KNOWN_FINDINGS


def test_connections_are_shown(settings: Path) -> None:
    """The number of open connections of each listener is that of the moment."""
    with instances(settings) as (instance,), ExitStack() as stack:
        for _ in range(3):
            connection = socket.create_connection(("127.0.0.1", instance.public_port), timeout=PATIENCE)
            stack.enter_context(connection)
        wait_until(lambda: _values(instance)[series("snap_connections_open", listener="server")] == 3)
        now = _values(instance)
        assert now[series("snap_connections_open", listener="internal")] == 1
        assert now[series("snap_connections_waiting", listener="server")] == 0


def test_each_of_several_processes_answers_for_all(settings: Path, nicepay: Nicepay, tmp_path: Path) -> None:
    """Two processes share a folder. Both show the sums, and after one was killed, the other shows no smaller ones."""
    folder = tmp_path / "workers"
    folder.mkdir()
    command = ("env", f"{FOLDER_VARIABLE}={folder}", COMMAND)
    with instances(settings, settings, command=command) as (one, other):
        one.ask(signed_now(nicepay))
        other.ask(signed_now(nicepay))
        other.ask(signed_now(nicepay))
        for each in (one, other):
            wait_until(partial(_has_issued, each, 3))
        pids = {labels for name, labels in _values(one) if name == "process_resident_memory_bytes"}
        assert pids == {frozenset({("pid", str(each.process.pid))}) for each in (one, other)}
        other.process.send_signal(signal.SIGKILL)
        other.process.status()
        values = _values(one)
    assert values[ISSUED] == 3
    assert len([name for name, _ in values if name == "process_resident_memory_bytes"]) == 1
    assert len(list(folder.glob("gauge_*"))) == len(list(folder.glob(f"gauge_*_{one.process.pid}.db")))


def test_a_folder_that_cannot_be_used_stops_the_start(settings: Path, tmp_path: Path) -> None:
    """One line names the variable and says what to do. The exit status is that of a usage error."""
    missing = tmp_path / "missing"
    ended = run(COMMAND, "serve", "--config", settings, env=environment(**{FOLDER_VARIABLE: str(missing)}))
    assert ended.returncode == 2
    assert f"{FOLDER_VARIABLE}: {missing} must be a folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_other_commands_write_no_metrics(settings: Path, tmp_path: Path) -> None:
    """Only a server records metrics. A command that somebody runs beside it adds no file to the folder."""
    folder = tmp_path / "workers"
    folder.mkdir()
    env = environment(**{FOLDER_VARIABLE: str(folder)})
    assert run(COMMAND, "serve", "--check", "--config", settings, env=env).returncode == 0
    assert run(COMMAND, "client", "list", "--config", settings, env=env).returncode == 0
    assert list(folder.iterdir()) == []
