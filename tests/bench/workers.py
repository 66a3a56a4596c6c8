"""One worker and two on two cores, each with SQLite, with SQLite and TLS, and with Redis.

Run by `make bench`. The load runs on the cores of the server and takes its share of them. So the table also has the CPU
time of a request, in all processes of the server, and how many cores the server and the load used. The last column is
the rate that the cores allow by this CPU time: one core for one worker, two for two. Reported, never asserted.
"""

import argparse
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from shutil import which
from statistics import median

from tests.bench import load
from tests.bench.servers import CORES, REDIS_STATE, WORKERS, Contestant, Server, running
from tests.engines import redis_server
from tests.nicepay import Nicepay, jakarta

DISTINCT = 20_000
NICEPAY = Nicepay()
_COLUMNS = ("req/s", "CPU us", "server cores", "load cores", "allowed")
_DIGITS = (0, 0, 2, 2, 0)
_FORMAT = "{:14,.{}f}"


@dataclass
class _Row:
    """The results of all rounds: requests a second, CPU time of a request in microseconds, and cores that were used."""

    contestant: Contestant
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    load_cores: list[float] = field(default_factory=list)

    @property
    def allowed(self) -> float:
        """The rate that the cores allow: as many as there are workers."""
        return min(self.contestant.workers, CORES) * 1e6 / median(self.cpu)

    def measure(self, server: Server, requests: list[bytes], seconds: float) -> None:
        before, load_before = server.cpu_seconds(), _children_seconds()
        result = load.saturate(server.port, requests, seconds, server.connections, tls=server.tls)
        used = server.cpu_seconds() - before
        self.rates.append(result.answered / result.seconds)
        self.cpu.append(used / max(1, result.answered) * 1e6)
        self.cores.append(used / result.seconds)
        self.load_cores.append((_children_seconds() - load_before) / result.seconds)
        server.settle()

    def line(self) -> str:
        medians = [median(each) for each in (self.rates, self.cpu, self.cores, self.load_cores)]
        return f"{self.contestant.name:24}" + "".join(map(_FORMAT.format, [*medians, self.allowed], _DIGITS))


def _children_seconds() -> float:
    """The CPU time of the generators so far. The servers are still running, so they do not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _compete(rounds: int, seconds: float) -> list[_Row]:
    rows = [_Row(each) for each in WORKERS if each.state != REDIS_STATE or which("redis-server")]
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server("redis-server")).tcp_url if which("redis-server") else ""
        servers = [stack.enter_context(running(each.contestant, NICEPAY, _engines(each, redis))) for each in rows]
        for server in servers:
            server.first_answer(lambda: NICEPAY.headers(jakarta(datetime.now(UTC))))
        for number in range(rounds):
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
            requests = load.signed(NICEPAY, DISTINCT)
            for row, server in zip(rows, servers, strict=True):
                row.measure(server, requests, seconds)
    return rows


def _engines(row: _Row, redis: str) -> dict[str, str]:
    """Each server has a Redis database of its own, because all of them get the same requests."""
    return {REDIS_STATE: f"{redis}?db={row.contestant.workers}"}


def _ratios(rows: list[_Row]) -> Iterator[str]:
    for one, two in zip(rows[::2], rows[1::2], strict=True):
        measured, allowed = median(two.rates) / median(one.rates), two.allowed / one.allowed
        yield f"{two.contestant.name}: {measured:.2f} times one worker as measured, {allowed:.2f} times by CPU time"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.workers", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="seconds of a load (default: 3)")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: 3)")
    options = parser.parse_args()
    rows = _compete(options.rounds, options.seconds)
    head = " " * 24 + "".join(f"{each:>14}" for each in _COLUMNS)
    machine = (
        f"load average {os.getloadavg()[0]:.1f}, {load.GENERATOR} for each worker, median of {options.rounds} rounds"
    )
    sys.stdout.write("\n".join([head, *(row.line() for row in rows), *_ratios(rows), machine]) + "\n")


if __name__ == "__main__":
    main()
