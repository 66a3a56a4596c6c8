"""The throughput of one core: this server, hand-written ASGI as the floor, stock frameworks, and similar PyPI packages.

`make bench` starts all contestants and measures them one after the other in each round, on one core, with the load on
another core. It reports the figures and asserts nothing.
"""

import argparse
import os
import platform
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory

from tests import postgresql_server
from tests.bench import calls, chart, load, report, steps
from tests.bench.calls import TOKEN
from tests.bench.report import Result
from tests.bench.servers import (
    CONTESTANTS,
    FLOOR,
    LOAD_CORE,
    POSTGRESQL_STATE,
    PRODUCT,
    REDIS_STATE,
    REPORTS,
    SERVER_CORE,
    Contestant,
    Server,
    running,
)
from tests.engines import redis_server
from tests.environments import MissingError
from tests.nicepay import Nicepay, jakarta

DISTINCT = 20_000
"""Enough requests for both loads of a round, so that no request is sent twice: a repeat would be less work."""

ENOUGH_FOR_MEMORY = 200_000
MOST_PIECES = 60
PIECE_SECONDS = 5
STARTS = 3
NICEPAY = Nicepay()
STRANGER = Nicepay()


def _headers(signer: Nicepay = NICEPAY) -> dict[str, str]:
    return signer.headers(jakarta(datetime.now(UTC)))


def _headers_for(server: Server, signer: Nicepay) -> dict[str, str]:
    """The headers of a request of the server's kind. A stranger's request is forged."""
    if server.kind == TOKEN:
        return _headers(signer)
    headers = calls.headers(server.folder, signer, server.kind)
    return headers if signer is NICEPAY else {**headers, "X-SIGNATURE": "AAAA"}


def _start(contestant: Contestant, stack: ExitStack, result: Result, engines: Mapping[str, str]) -> Server | None:
    """Start a server. If it cannot start or answers a check wrongly, return None and set `result.why_missing`."""
    try:
        server = stack.enter_context(running(contestant, NICEPAY, engines))
        status, body = server.first_answer(lambda: _headers_for(server, NICEPAY))
        if status != HTTPStatus.OK or (server.kind == TOKEN and b"accessToken" not in body):
            result.why_missing = f"answers a genuine request with {status}"
        elif server.answer(_headers_for(server, STRANGER))[0] == HTTPStatus.OK:
            result.why_missing = "answers a forged request with 200"
    except (MissingError, OSError) as error:
        result.why_missing = str(error)
    return None if result.why_missing else server


def _measure(server: Server, requests: Sequence[bytes], seconds: float, result: Result) -> None:
    """Measure one round of one contestant: first at the highest rate, then at half of that rate."""
    before = server.cpu_seconds()
    full = load.saturate(server.port, requests[: len(requests) * 2 // 3], seconds, server.connections)
    used = server.cpu_seconds() - before
    result.rates.append(full.answered / full.seconds)
    result.cpu.append(used / max(1, full.answered) * 1e6)
    server.settle()
    half = load.Generator(server.port, requests[len(requests) * 2 // 3 :], server.connections).run(
        seconds, 2 * full.seconds / max(1, full.answered)
    )
    server.settle()  # Unfinished work would slow down the next contestant.
    result.latencies += half.latencies
    result.refused += full.refused + half.refused
    result.megabytes = server.megabytes()


def _requests(server: Server, token_requests: list[bytes]) -> list[bytes]:
    if server.kind == TOKEN:
        return token_requests
    return calls.raw(server.folder, NICEPAY, DISTINCT, server.kind)


def _engines(stack: ExitStack) -> dict[str, str]:
    """Start the engines that are installed. PostgreSQL flushes each commit to the disk, as it does by default."""
    engines = {}
    if which("redis-server"):
        engines[REDIS_STATE] = stack.enter_context(redis_server("redis-server")).tcp_url
    if postgresql_server.is_installed():
        engines[POSTGRESQL_STATE] = stack.enter_context(postgresql_server.postgresql_server("fsync=on")).url
    return engines


def _compete(contestants: Sequence[Contestant], rounds: int, seconds: float) -> list[Result]:
    results = {each: Result(each.letter, each.name) for each in contestants}
    with ExitStack() as stack:
        engines = _engines(stack)
        servers = {each: _start(each, stack, results[each], engines) for each in contestants}
        for number in range(rounds):
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
            token_requests = load.signed(NICEPAY, DISTINCT)
            for contestant, server in servers.items():
                if server:
                    _measure(server, _requests(server, token_requests), seconds, results[contestant])
    return list(results.values())


def _start_to_answer() -> str:
    """The time from the start of the process to the first token in milliseconds."""
    times = []
    for _ in range(STARTS):
        start = time.perf_counter()
        with running(PRODUCT, NICEPAY) as server:
            server.first_answer(_headers)
            times.append((time.perf_counter() - start) * 1e3)
    return f"start to first answer: {median(times):,.0f} ms (median of {STARTS})"


def _memory() -> str:
    """Resident memory before, during and after many requests."""
    with running(PRODUCT, NICEPAY) as server:
        server.first_answer(_headers)
        requests = load.signed(NICEPAY, DISTINCT)
        load.saturate(server.port, requests, 1)
        megabytes, answered = [server.megabytes()], 0
        for _ in range(MOST_PIECES):
            answered += load.saturate(server.port, requests, PIECE_SECONDS).answered
            megabytes.append(server.megabytes())
            if answered >= ENOUGH_FOR_MEMORY:
                break
    start, middle, end = megabytes[0], megabytes[len(megabytes) // 2], megabytes[-1]
    return f"memory over {answered:,} requests: {start:.1f} MB at the start, {middle:.1f} halfway, {end:.1f} at the end"


def _step_lines() -> list[str]:
    with TemporaryDirectory() as folder:
        costs = steps.costs(Path(folder), NICEPAY)
    return [f"{name:30} {microseconds:8.1f} us" for name, microseconds in costs.items()]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    date = datetime.now(UTC).date().isoformat()
    return f"{date}, {model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _conditions(rounds: int, seconds: float) -> str:
    return (
        f"median of {rounds} rounds of {seconds:g} s; server on core {SERVER_CORE}, load on core {LOAD_CORE}: "
        f"{load.GENERATOR}; {DISTINCT:,} distinct requests, RSA-2048; latencies at half of the highest rate"
    )


def _write(results: list[Result], conditions: str, notes: Sequence[str]) -> None:
    floor = results[0]
    rows = [report.COLUMNS, *(report.row(each, floor) for each in results)]
    first = {each.letter: each for each in reversed(results)}
    goals = [*report.goals(first), *report.forms(first)]
    page = [_machine() + ".", conditions + ".", report.markdown(rows), *(f"    {each}" for each in (*goals, *notes))]
    (REPORTS / "throughput.md").write_text("\n\n".join(page[:3]) + "\n\n" + "\n".join(page[3:]) + "\n")
    (REPORTS / "throughput.svg").write_text(chart.svg(results, _machine()))
    table = f"{_machine()}\n\n{report.aligned(rows)}\n"
    (REPORTS / "throughput.txt").write_text(table)
    lines = [conditions, table, *goals, "", *notes]
    sys.stdout.write("\n".join(lines) + f"\n\nwritten to {REPORTS}/throughput.md, .txt and .svg\n")


def main() -> None:
    """Measure all contestants, print the results and write the reports."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.throughput", description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=2, help="seconds of each of the two loads in a round (default: 2)"
    )
    parser.add_argument("--rounds", type=int, default=4, help="number of rounds (default: 4)")
    parser.add_argument("--only", default="", metavar="LETTERS", help="measure (a) and these rows, such as hijk")
    parser.add_argument("--short", action="store_true", help="do not measure memory over 200,000 requests")
    options = parser.parse_args()
    shutil.rmtree(REPORTS / "run", ignore_errors=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in CONTESTANTS if each is FLOOR or not options.only or each.letter in options.only]
    results = _compete(chosen, options.rounds, options.seconds)
    notes = [*_step_lines(), _start_to_answer(), *([] if options.short else [_memory()])]
    _write(results, _conditions(options.rounds, options.seconds), notes)


if __name__ == "__main__":
    main()
