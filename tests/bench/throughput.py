"""How much a core can take: this server beside a hand-written floor, stock frameworks and its peers from PyPI.

Run by `make bench`: all contestants run at once and are measured in turn, round after round, each on the same core, the
load on another. Reported, never asserted.
"""

import argparse
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench import calls, chart, load, report, steps
from tests.bench.report import Taken
from tests.bench.servers import (
    CONTESTANTS,
    LOAD_CORE,
    PRODUCT,
    REPORTS,
    SERVER_CORE,
    SYMMETRIC,
    TOKEN,
    Contestant,
    Server,
    running,
)
from tests.engines import redis_server
from tests.environments import MissingError
from tests.nicepay import Nicepay, jakarta

DISTINCT = 20_000
"""Enough for both loads of a round at the fastest: no request is sent twice, or the state would know it."""

ENOUGH_FOR_MEMORY = 200_000
MOST_PIECES = 60
PIECE_SECONDS = 5
STARTS = 3
NICEPAY = Nicepay()
STRANGER = Nicepay()


def _headers(signer: Nicepay = NICEPAY) -> dict[str, str]:
    return signer.headers(jakarta(datetime.now(UTC)))


def _asked(server: Server, signer: Nicepay) -> dict[str, str]:
    """What a server of its kind is asked."""
    if server.kind == TOKEN:
        return _headers(signer)
    asked = calls.headers(server.folder, signer, symmetric=server.kind == SYMMETRIC)
    return asked if signer is NICEPAY else {**asked, "X-SIGNATURE": "AAAA"}


def _started(contestant: Contestant, stack: ExitStack, taken: Taken, redis: str) -> Server | None:
    """A server that says yes to a genuine request and refuses a forged one, or None and the reason."""
    try:
        server = stack.enter_context(running(contestant, NICEPAY, redis))
        status, body = server.first_answer(lambda: _asked(server, NICEPAY))
        if status != HTTPStatus.OK or (server.kind == TOKEN and b"accessToken" not in body):
            taken.why_missing = f"answers a genuine request with {status}"
        elif server.answer(_asked(server, STRANGER))[0] == HTTPStatus.OK:
            taken.why_missing = "answers a forged request with 200"
    except (MissingError, OSError) as error:
        taken.why_missing = str(error)
    return None if taken.why_missing else server


def _measure(server: Server, requests: Sequence[bytes], seconds: float, taken: Taken) -> None:
    """One round of one contestant: saturated, then held at half of that."""
    before = server.cpu_seconds()
    full = load.saturate(server.port, requests[: len(requests) * 2 // 3], seconds, server.connections)
    used = server.cpu_seconds() - before
    taken.rates.append(full.answered / full.seconds)
    taken.cpu.append(used / max(1, full.answered) * 1e6)
    server.settle()
    held = load.Generator(server.port, requests[len(requests) * 2 // 3 :], server.connections).run(
        seconds, 2 * full.seconds / max(1, full.answered)
    )
    server.settle()  # What it has still to work off would be the next one's burden.
    taken.latencies += held.latencies
    taken.refused += full.refused + held.refused
    taken.megabytes = server.megabytes()


def _requests(server: Server, tokens: list[bytes]) -> list[bytes]:
    if server.kind == TOKEN:
        return tokens
    return calls.raw(server.folder, NICEPAY, DISTINCT, symmetric=server.kind == SYMMETRIC)


def _compete(rounds: int, seconds: float) -> list[Taken]:
    taken = {each: Taken(each.letter, each.name) for each in CONTESTANTS}
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server("redis-server")).tcp_url if which("redis-server") else ""
        servers = {each: _started(each, stack, taken[each], redis) for each in CONTESTANTS}
        for number in range(rounds):
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
            tokens = load.signed(NICEPAY, DISTINCT)
            for contestant, server in servers.items():
                if server:
                    _measure(server, _requests(server, tokens), seconds, taken[contestant])
    return list(taken.values())


def _start_to_answer() -> str:
    """Milliseconds until the first token."""
    times = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        with running(PRODUCT, NICEPAY) as server:
            server.first_answer(_headers)
            times.append((time.perf_counter() - begun) * 1e3)
    return f"start to first answer: {median(times):,.0f} ms (median of {STARTS})"


def _memory() -> str:
    """Resident memory at the start, in the middle and at the end of many requests."""
    with running(PRODUCT, NICEPAY) as server:
        server.first_answer(_headers)
        requests = load.signed(NICEPAY, DISTINCT)
        load.saturate(server.port, requests, 1)
        seen, answered = [server.megabytes()], 0
        for _ in range(MOST_PIECES):
            answered += load.saturate(server.port, requests, PIECE_SECONDS).answered
            seen.append(server.megabytes())
            if answered >= ENOUGH_FOR_MEMORY:
                break
    start, middle, end = seen[0], seen[len(seen) // 2], seen[-1]
    return f"memory over {answered:,} requests: {start:.1f} MB at the start, {middle:.1f} halfway, {end:.1f} at the end"


def _step_lines() -> list[str]:
    with TemporaryDirectory() as folder:
        found = steps.costs(Path(folder), NICEPAY)
    return [f"{name:30} {microseconds:8.1f} us" for name, microseconds in found.items()]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    date = datetime.now(UTC).date().isoformat()
    return f"{date}, {model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _conditions(rounds: int, seconds: float) -> str:
    return (
        f"median of {rounds} rounds of {seconds:g} s; server on core {SERVER_CORE}, load on core {LOAD_CORE}: "
        f"{load.GENERATOR}; {DISTINCT:,} distinct requests, RSA-2048; latencies at half of the saturating rate"
    )


def _write(taken: list[Taken], conditions: str, notes: Sequence[str]) -> None:
    floor = taken[0]
    rows = [report.COLUMNS, *(report.row(each, floor) for each in taken)]
    first = {each.letter: each for each in reversed(taken)}
    goals = report.goals(first)
    page = [_machine() + ".", conditions + ".", report.markdown(rows), *(f"    {each}" for each in (*goals, *notes))]
    (REPORTS / "throughput.md").write_text("\n\n".join(page[:3]) + "\n\n" + "\n".join(page[3:]) + "\n")
    (REPORTS / "throughput.svg").write_text(chart.svg(taken, _machine()))
    table = f"{_machine()}\n\n{report.aligned(rows)}\n"
    (REPORTS / "throughput.txt").write_text(table)
    shown = [conditions, table, *goals, "", *notes]
    sys.stdout.write("\n".join(shown) + f"\n\nwritten to {REPORTS}/throughput.md, .txt and .svg\n")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.throughput", description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="of each of the two loads in a round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--short", action="store_true", help="leave out the memory over 200,000 requests")
    options = parser.parse_args()
    shutil.rmtree(REPORTS / "run", ignore_errors=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    taken = _compete(options.rounds, options.seconds)
    notes = [*_step_lines(), _start_to_answer(), *([] if options.short else [_memory()])]
    _write(taken, _conditions(options.rounds, options.seconds), notes)


if __name__ == "__main__":
    main()
