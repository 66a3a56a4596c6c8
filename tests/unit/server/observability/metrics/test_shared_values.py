"""Values that workers share, on a disk that can be full."""

import io
import json
import os
from contextlib import closing
from errno import ENOSPC
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from handlers.server.observability.metrics.shared_values import SharedValues
from handlers.server.observability.metrics.workers import WorkerMetrics, keep_counts
from tests.unit.server.conftest import log

__all__ = ["log"]

Stored = dict[str, float]


def _stored(file: Path) -> Stored:
    return {key: value for key, value, _time, _place in MmapedDict.read_all_values_from_file(str(file))}


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> "Disk":
    return Disk(monkeypatch)


class Disk:
    """The system's answer to a request for room, which is no until the disk is free again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._reserve = os.posix_fallocate

    def fill(self) -> None:
        def refuse(_descriptor: int, _start: int, _length: int) -> None:
            raise OSError(ENOSPC, "No space left on device")

        self._patch.setattr(os, "posix_fallocate", refuse)

    def free(self) -> None:
        self._patch.setattr(os, "posix_fallocate", self._reserve)


def test_every_page_with_a_value_has_its_room(tmp_path: Path) -> None:
    """A write to a page without room would kill the process, so the file has no hole among its values."""
    file = tmp_path / "counter_1.db"
    with closing(SharedValues(str(file))) as values:
        for number in range(1000):
            values.write_value(f"{number} " + "x" * 200, number, 0)
        assert file.stat().st_blocks * 512 >= 1000 * 200
    assert sum(_stored(file).values()) == sum(range(1000))


def test_a_full_disk_stops_nobody(tmp_path: Path, disk: Disk, log: io.StringIO) -> None:
    """Known values are written on, new ones wait for room, and the log says so once."""
    file = tmp_path / "counter_1.db"
    with closing(SharedValues(str(file))) as values:
        values.write_value("known", 1, 0)
        disk.fill()
        assert values.read_value("new") == (0, 0)
        values.write_value("known", 2, 0)
        values.write_value("new", 1, 0)
        values.write_value("new", 2, 0)
        assert _stored(file) == {"known": 2}
        disk.free()
        values.write_value("new", 3, 0)
        assert values.read_value("new") == (3, 0)
    assert _stored(file) == {"known": 2, "new": 3}
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert (line["event"], line["file"], line["cause"]) == (
        "metrics.not_shared",
        str(file),
        "No space left on device",
    )


def test_a_worker_may_start_on_a_full_disk(tmp_path: Path, disk: Disk) -> None:
    """Its empty file harms no reader, and it writes all values when there is room."""
    file = tmp_path / "counter_1.db"
    disk.fill()
    with closing(SharedValues(str(file))) as values:
        values.write_value("new", 1, 0)
        assert all(family.name.startswith("process_") for family in WorkerMetrics(tmp_path).collect())
        disk.free()
        values.write_value("new", 2, 0)
    assert _stored(file) == {"new": 2}


def test_nothing_is_moved_without_room(tmp_path: Path, disk: Disk) -> None:
    """If the counters of a worker that ended have no room in the supervisor's file, they stay where they are."""
    ended, kept = tmp_path / "counter_1.db", tmp_path / f"counter_{os.getpid()}.db"
    for file, key in ((ended, "new"), (kept, "known")):
        with closing(SharedValues(str(file))) as values:
            values.write_value(key, 1, 0)
    disk.fill()
    keep_counts(tmp_path, 1)
    assert (_stored(ended), _stored(kept)) == ({"new": 1}, {"known": 1})
    disk.free()
    keep_counts(tmp_path, 1)
    assert (ended.exists(), _stored(kept)) == (False, {"new": 1, "known": 1})


def test_a_file_that_was_never_opened_is_closed(tmp_path: Path) -> None:
    """The library closes all files at a fork, also those that had no value."""
    SharedValues(str(tmp_path / "counter_1.db")).close()
    assert not list(tmp_path.iterdir())
