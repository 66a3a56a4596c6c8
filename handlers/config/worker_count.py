"""The number of worker processes: a number, or the CPUs that this process may use."""

import os
from collections.abc import Callable
from math import ceil, inf
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator

from handlers.config.table import VariableText

MOST_WORKERS = 64
AUTO = "auto"

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def usable_cpus(cgroups: Path = _CGROUPS, own_cgroup: Path = _OWN_CGROUP) -> int:
    """The number of CPUs that this process may use: those of its affinity mask, or fewer if a cgroup has a quota.

    A part of a CPU counts as one. The defaults are the files of Linux.
    """
    return ceil(min(len(os.sched_getaffinity(0)), _quota(cgroups, own_cgroup)))


def _quota(cgroups: Path, own_cgroup: Path) -> float:
    """The smallest quota of the process's cgroup and of the cgroups above it, in CPUs. Infinite without a quota.

    A line is `0::/NAME` in cgroup v2, and `NUMBER:CONTROLLERS:/NAME` in v1, where `cpu` is one of the controllers.
    """
    try:
        lines = [line.split(":", 2) for line in own_cgroup.read_text().splitlines()]
    except OSError:
        return inf
    quotas = [_smallest(cgroups, name, _quota_of) for _, controllers, name in lines if not controllers]
    of_v1 = [name for _, controllers, name in lines if "cpu" in controllers.split(",")]
    quotas += [_smallest(cgroups / "cpu", name, _quota_of_v1) for name in of_v1]
    return min(quotas, default=inf)


def _smallest(root: Path, name: str, quota_of: Callable[[Path], float]) -> float:
    """The smallest quota of the cgroup `/NAME` and of those above it. A container may see the root only."""
    folder = root / name.removeprefix("/")
    return min(quota_of(each) for each in (folder, *folder.parents) if each.is_relative_to(root))


def _quota_of(folder: Path) -> float:
    """`cpu.max` has the microseconds of CPU time in a period, or `max`, and the microseconds of the period."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return inf


def _quota_of_v1(folder: Path) -> float:
    """Two files have the same two numbers. The first one is -1 without a quota."""
    try:
        quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except (OSError, ValueError):
        return inf
    return quota / period if quota > 0 else inf


def _worker_count(value: object) -> int:
    if value == AUTO:
        return min(usable_cpus(), MOST_WORKERS)
    number = int(value) if isinstance(value, VariableText) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST_WORKERS:
        message = f'must be a whole number from 1 to {MOST_WORKERS}, or "{AUTO}"'
        raise ValueError(message)
    return number


WorkerCount = Annotated[int, PlainValidator(_worker_count)]
