"""The metrics of several processes, each of which answers for all."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handlers.server.observability.metrics.exposition import Exposition
from handlers.server.observability.metrics.workers import (
    FOLDER_VARIABLE,
    MetricsFolderError,
    keep_counts,
    shared_folder,
)
from tests.metrics import Series, parsed, series

WORK = """
import sys
from handlers.server.observability.metrics import definitions as metrics
requests, seconds, connections, up = map(float, sys.argv[1:])
metrics.REPEATS("A", "issueAccessToken").inc(requests)
metrics.REQUEST_DURATION("issueAccessToken").observe(seconds)
metrics.CLIENT_CLOCK_SKEW("A").observe(-seconds)
metrics.CONNECTIONS_OPEN("server").set(connections)
metrics.STATE_UP().set(up)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def _worker(folder: Path, *numbers: float) -> Iterator[subprocess.Popen[str]]:
    """A process that has recorded these numbers, and lives until the end of the block."""
    command = [sys.executable, "-c", WORK, *map(str, numbers)]
    env = os.environ | {FOLDER_VARIABLE: str(folder)}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def _values(folder: Path) -> dict[Series, float]:
    content, _headers = asyncio.run(Exposition(folder).render())
    return parsed(content.decode())


REPEATS = series("snap_repeats_total", client="A", operation="issueAccessToken")
DURATIONS = series("snap_request_duration_seconds_count", operation="issueAccessToken")
FAST = series("snap_request_duration_seconds_bucket", operation="issueAccessToken", le="0.001")
OPEN = series("snap_connections_open", listener="server")
UP = series("snap_state_up")
MEMORY = "process_resident_memory_bytes"


def test_the_values_of_all_workers_are_added(tmp_path: Path) -> None:
    """Counters, histograms and connections are sums. The state counts as down if one worker cannot reach it."""
    with _worker(tmp_path, 2, 0.0007, 5, 1) as one, _worker(tmp_path, 3, 0.3, 6, 0) as other:
        values = _values(tmp_path)
        assert {labels for name, labels in values if name == MEMORY} == {
            frozenset({("pid", str(process.pid))}) for process in (one, other)
        }
    assert (values[REPEATS], values[DURATIONS], values[FAST], values[OPEN], values[UP]) == (5, 2, 1, 11, 0)


def test_the_clock_skews_of_all_workers_have_no_sum(tmp_path: Path) -> None:
    """A sum of negative values can fall, so Prometheus would take it for a restart."""
    with _worker(tmp_path, 2, 0.0007, 5, 1), _worker(tmp_path, 3, 0.3, 6, 0):
        values = _values(tmp_path)
    skews = {name: value for (name, _), value in values.items() if name.startswith("snap_client_clock_skew_seconds")}
    assert (skews["snap_client_clock_skew_seconds_count"], len(skews)) == (2, 2)


def test_a_dead_worker_leaves_its_counters_only(tmp_path: Path) -> None:
    """After a worker was killed, no sum falls, and its gauges are gone."""
    with _worker(tmp_path, 3, 0.3, 6, 0):
        pass
    with _worker(tmp_path, 2, 0.0007, 5, 1) as alive:
        values = _values(tmp_path)
        assert series(MEMORY, pid=str(alive.pid)) in values
    assert (values[REPEATS], values[DURATIONS], values[OPEN], values[UP]) == (5, 2, 5, 1)
    assert len([name for name, _ in values if name == MEMORY]) == 1


def test_counters_of_dead_workers_move_into_one_file(tmp_path: Path) -> None:
    """Workers that ended leave no files of their own, and their counters stay in the sums."""
    for number in range(3):
        with _worker(tmp_path, 3, 0.3, 6, 0) as dead:
            pass
        keep_counts(tmp_path, dead.pid)
        files = {each.name for each in tmp_path.glob("*.db")}
        assert files == {f"{kind}_{os.getpid()}.db" for kind in ("counter", "histogram")}, number
    with _worker(tmp_path, 2, 0.0007, 5, 1):
        values = _values(tmp_path)
    assert (values[REPEATS], values[DURATIONS], values[FAST], values[OPEN], values[UP]) == (11, 4, 1, 5, 1)


@pytest.mark.parametrize("content", [b"", b"\xff\x7f\x00\x00" + bytes(4) + b"\xff\xff\xff\x7f" + bytes(100)])
def test_a_file_that_cannot_be_read_stays(tmp_path: Path, content: bytes) -> None:
    """A file that a killed worker left half written moves no counters, and is no error."""
    file = tmp_path / "counter_1.db"
    file.write_bytes(content)
    keep_counts(tmp_path, 1)
    assert file.read_bytes() == content


def test_without_the_variable_a_process_is_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder is shared only if the process that starts the workers names it."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert shared_folder() is None
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert shared_folder() == tmp_path


@pytest.mark.parametrize("name", ["missing", "file"])
def test_an_unusable_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """The error names the variable and says what to do."""
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / name))
    with pytest.raises(MetricsFolderError, match=f"{FOLDER_VARIABLE}: .*{name} must be a folder .* unset the variable"):
        shared_folder()


def test_the_start_of_the_server_is_that_of_the_process_that_starts_the_workers(tmp_path: Path) -> None:
    """Workers come and go, and Prometheus sees one time series that changes with each start of the server."""
    assert _values(tmp_path)[series("snap_server_start_timestamp_seconds")] == _start_of(os.getppid())


def test_the_start_of_a_server_without_workers_is_its_own() -> None:
    """One process has no supervisor."""
    content, _headers = asyncio.run(Exposition().render())
    assert parsed(content.decode())[series("snap_server_start_timestamp_seconds")] == _start_of(os.getpid())


def _start_of(pid: int) -> float:
    """The start of a process in seconds since 1970 (proc_pid_stat(5), field 22)."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    return float(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
