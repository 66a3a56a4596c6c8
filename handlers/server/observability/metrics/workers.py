"""The metrics of several processes that serve one port. Each of them answers Prometheus for all.

The library keeps the values of each process in files of a folder, if the environment variable `FOLDER_VARIABLE` names
it (prometheus_client, "Multiprocess Mode"). The process that starts the workers makes a new folder for each start, sets
the variable, and only then starts the workers. Counters of a worker that ended stay in the sums, so no sum falls: they
move into files of the supervisor, because otherwise the files of all workers that ever ended would fill the memory.
"""

import os
import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from prometheus_client import Metric, ProcessCollector
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from handlers.audit.folder_lock import locked
from handlers.server.observability.metrics.shared_values import reserved_values

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_LOCK = "metrics.lock"


class MetricsFolderError(ValueError):
    """This process cannot write into the folder of the workers."""


def shared_folder() -> Path | None:
    """The folder with the values of all workers. None if this process is the only one.

    Raises:
        MetricsFolderError: This process cannot write into the folder.
    """
    name = os.environ.get(FOLDER_VARIABLE)
    if not name:
        return None
    if not (os.path.isdir(name) and os.access(name, os.R_OK | os.W_OK | os.X_OK)):  # noqa: PTH112  the library's text
        message = f"{FOLDER_VARIABLE}: {name} must be a folder that this server can write to; or unset the variable"
        raise MetricsFolderError(message)
    return Path(name)


class WorkerMetrics:
    """Adds up the values of all workers, and shows `process_` metrics of each living worker with the label `pid`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Read the files of all workers. Meanwhile, no counter moves, so that each counts once."""
        with locked(self._folder / _LOCK):
            families = list(self._read())
        yield from families

    def _read(self) -> Iterator[Metric]:
        pids = {int(file.stem.rpartition("_")[2]) for file in self._folder.glob("*_*.db")}
        alive = sorted(filter(_is_alive, pids))
        for pid in pids.difference(alive):
            # Its gauges would stay forever. This deletes no counter.
            mark_process_dead(pid, str(self._folder))
        files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]  # An empty one has no room.
        yield from MultiProcessCollector.merge(files)
        yield from _process_metrics(alive)


def keep_counts(folder: Path, pid: int) -> None:
    """Move the counters of a worker that ended into files of this process, and remove its gauges.

    Files that cannot be read stay as they are.
    """
    with suppress(OSError, RuntimeError, struct.error), locked(folder / _LOCK):
        mark_process_dead(pid, str(folder))
        for kind in ("counter", "histogram"):
            _move(folder / f"{kind}_{pid}.db", folder / f"{kind}_{os.getpid()}.db")


def _move(ended: Path, kept: Path) -> None:
    values = list(MmapedDict.read_all_values_from_file(ended))
    with closing(reserved_values(str(kept))) as counts:
        for key, *_ in values:
            counts.read_value(key)  # This takes the room for it. Without room, nothing is moved.
        for key, value, timestamp, _ in values:
            counts.write_value(key, counts.read_value(key)[0] + value, timestamp)
    ended.unlink()


def _process_metrics(pids: list[int]) -> Iterator[Metric]:
    families = defaultdict[str, list[tuple[int, Metric]]](list)
    for pid in pids:
        for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]  # mypy cannot infer it
            families[metric.name].append((pid, metric))
    for each in families.values():
        family = Metric(each[0][1].name, each[0][1].documentation, each[0][1].type)
        for pid, metric in each:
            for sample in metric.samples:
                family.add_sample(sample.name, {"pid": str(pid)}, sample.value)
        yield family


def _is_alive(pid: int) -> bool:
    """Whether a process of this user has this number."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
