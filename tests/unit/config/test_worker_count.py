"""The number of workers."""

import os
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.config.worker_count import MOST_WORKERS, usable_cpus
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.settings_text import mistakes_in

SHARED = '[state]\nurl = "sqlite:///state.db"\n'
RULE = f'must be a whole number from 1 to {MOST_WORKERS}, or "auto"'


def _file(folder: Path, nicepay: Nicepay, value: str, more: str = SHARED) -> Path:
    return write_settings(folder, nicepay, extra=f"[server]\nworkers = {value}\n{more}")


@pytest.mark.parametrize("value", ["0", str(MOST_WORKERS + 1), "-1", "true", "2.0", '"2"', '"many"', "[]"])
def test_another_value_is_a_mistake(tmp_path: Path, nicepay: Nicepay, value: str) -> None:
    """Only a number within the limits, or `auto`, is accepted."""
    assert mistakes_in(_file(tmp_path, nicepay, value)) == [f"server.workers: {RULE}"]


def test_a_number_is_the_number(tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number counts, also as the text of a variable. A variable may also have a mistake."""
    file = _file(tmp_path, nicepay, "3")
    assert Settings.load(file).server.workers == 3
    monkeypatch.setenv("SNAP_TOKEN__SERVER__WORKERS", "4")
    assert Settings.load(file).server.workers == 4
    monkeypatch.setenv("SNAP_TOKEN__SERVER__WORKERS", "4.5")
    assert mistakes_in(file) == [f"server.workers (set by SNAP_TOKEN__SERVER__WORKERS): {RULE}"]


def test_auto_is_the_cpus(tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` is the number of CPUs that the process may use, up to the limit."""
    file = _file(tmp_path, nicepay, '"auto"')
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5})
    assert Settings.load(file).server.workers == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(1_000)))
    assert Settings.load(file).server.workers <= MOST_WORKERS


@pytest.mark.parametrize(
    ("quotas", "cpus"),
    [
        ({}, 8),
        ({"a/b": "max 100000"}, 8),
        ({"a/b": "150000 100000"}, 2),
        ({"a/b": "50000 100000"}, 1),
        ({"a": "300000 100000", "a/b": "max 100000"}, 3),
        ({"": "400000 100000", "a/b": "900000 100000"}, 4),
        ({"a/b": "no quota"}, 8),
    ],
)
def test_a_quota_limits_the_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quotas: dict[str, str], cpus: int
) -> None:
    """The smallest quota of the cgroup, and of those above it, counts. A part of a CPU counts as one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "groups" / "a" / "b").mkdir(parents=True)
    for name, quota in quotas.items():
        (tmp_path / "groups" / name / "cpu.max").write_text(quota)
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    assert usable_cpus(tmp_path / "groups", own) == cpus


@pytest.mark.parametrize(
    ("quotas", "cpus"),
    [
        ({}, 8),
        ({"a/b": (-1, 100_000)}, 8),
        ({"a/b": (150_000, 100_000)}, 2),
        ({"a": (300_000, 100_000), "a/b": (-1, 100_000)}, 3),
        ({"": (50_000, 100_000)}, 1),
    ],
)
def test_a_quota_of_cgroup_v1_limits_the_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quotas: dict[str, tuple[int, int]], cpus: int
) -> None:
    """Cgroup v1 has a tree for CPUs, and two files. A container may see only the root of the tree."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for name, (quota, period) in quotas.items():
        folder = tmp_path / "groups" / "cpu" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (folder / "cpu.cfs_period_us").write_text(f"{period}\n")
    own = tmp_path / "own"
    own.write_text("5:memory:/a/b\n4:cpu,cpuacct:/a/b\n0::/a/b\n")
    assert usable_cpus(tmp_path / "groups", own) == cpus


def test_without_cgroups_all_cpus_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without cgroups, the affinity mask alone counts."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert usable_cpus(tmp_path, tmp_path / "missing") == 8


def test_workers_need_a_state_that_they_share(tmp_path: Path, nicepay: Nicepay) -> None:
    """Several workers with a state in memory would each have their own, so that is a mistake. One worker may."""
    memory = '[state]\nurl = "memory://"\n'
    assert mistakes_in(_file(tmp_path, nicepay, "2", memory)) == [
        "state.url: workers share no memory, and server.workers is 2; use another store, or one worker"
    ]
    assert Settings.load(_file(tmp_path, nicepay, "1", memory)).state.url.is_single_process
