"""`make soak`: run traffic against two instances behind nginx for some minutes, and close the ledger of each engine."""

import json
import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import pytest

from tests.fuzz.nightly import minutes
from tests.internal import SYMMETRIC
from tests.nicepay import CLIENT_KEY
from tests.soak.chart import chart
from tests.soak.closing import offenders
from tests.soak.engines import ENGINES
from tests.soak.faults import Plan, Share
from tests.soak.ledger import Fault, Ledger
from tests.soak.site import Site, site
from tests.soak.summary import summary
from tests.soak.traffic import Caller
from tests.soak.upgrade import Installed, second_copy
from tests.soak.watch import Watch

REPORTS = Path(__file__).parents[2] / ".reports" / "soak"
RATE = 10.0
"""Requests a second of each client."""
CLIENTS = ((CLIENT_KEY, RATE), (SYMMETRIC, RATE)) * 2 + ((SYMMETRIC, RATE, True),)
"""The clock of the last one drifts."""
PAUSE_SECONDS = 2.0
"""The least time between two faults, on a machine that is slow."""
ALL_FAULTS_SECONDS = 60
"""If an engine has less time, it gets its own failure and a part of the other faults. All engines together get all."""
NAMED = 10
"""How many offenders of a rule are printed."""


@contextmanager
def _traffic(callers: list[Caller]) -> Iterator[None]:
    is_over = Event()
    with ThreadPoolExecutor(len(callers)) as pool:
        sending = [pool.submit(caller.send, is_over) for caller in callers]
        try:
            yield
        finally:
            is_over.set()
    for each in sending:
        each.result()


def soak(engine: str, seconds: float, second: Installed, share: Share) -> Ledger:
    """Run the traffic and these faults on one engine for so many seconds, and return the ledger."""
    ledger = Ledger()
    with site(engine, second) as running_site, _logs_kept(running_site, engine):
        callers = [Caller(running_site, *client) for client in CLIENTS]
        with _traffic(callers), Watch(running_site) as watch:
            ledger.faults = list(_run(running_site, list(share.scheduled(running_site, seconds)), seconds))
        ledger.stalls, ledger.usages = watch.stalls, watch.usages
        running_site.stop()
        _complete(ledger, running_site, callers)
    return ledger


@contextmanager
def _logs_kept(running_site: Site, engine: str) -> Iterator[None]:
    """Copy the logs of the instances when the block ends, also after an error."""
    try:
        yield
    finally:
        for log in running_site.logs:
            shutil.copy(log.file, REPORTS / f"{engine}-{log.file.name}")


def _run(running_site: Site, plans: list[tuple[float, Plan]], seconds: float) -> Iterator[Fault]:
    """Do each fault at its time, and then wait for the end."""
    start = time.monotonic()
    for due, plan in plans:
        time.sleep(max(PAUSE_SECONDS, start + due - time.monotonic()))
        yield plan.run(running_site)
    time.sleep(max(PAUSE_SECONDS, start + seconds - time.monotonic()))


def _complete(ledger: Ledger, running_site: Site, callers: list[Caller]) -> None:
    ledger.entries = sorted((entry for caller in callers for entry in caller.entries), key=lambda entry: entry.sent)
    calls = running_site.merchant.calls
    ledger.deliveries = [json.loads(calls.get().body)["key"] for _ in range(calls.qsize())]
    ledger.audited, ledger.chain_errors = running_site.audited(), running_site.chain_errors()
    lines = [line for log in running_site.logs for line in log.lines()]
    ledger.logged = [line["request_id"] for line in lines if "request_id" in line]
    ledger.lines_lost = sum(line["lines"] for line in lines if line["event"] == "log.lost")
    if running_site.disk.reason:
        ledger.left_out.append(f"the audit disk is full: no file system can be mounted: {running_site.disk.reason}")


def _close(engine: str, ledger: Ledger) -> bool:
    """Print the ledger, write it as JSON and its chart, and return whether it closes."""
    (REPORTS / f"{engine}.json").write_text(json.dumps(asdict(ledger)))
    (REPORTS / f"{engine}.svg").write_bytes(chart(engine, ledger))
    found = {rule: lines for rule, lines in offenders(ledger).items() if lines}
    sys.stdout.writelines(f"{line}\n" for line in summary(engine, ledger))
    for rule, lines in found.items():
        sys.stdout.write("\n".join([f"{rule}: {len(lines)}", *(f"  {line}" for line in lines[:NAMED]), ""]))
    sys.stdout.write(f"{engine}: the ledger {'does not close' if found else 'closes'}\n")
    sys.stdout.flush()
    return not found


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak each engine, and return the exit status, which is 1 if a ledger does not close."""
    parser = ArgumentParser(prog="python -m tests.soak", description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=minutes, required=True, help="the time for all engines together: 1 to 720")
    parser.add_argument("--engine", choices=(*ENGINES, "all"), default="all")
    options = parser.parse_args(arguments)
    engines = tuple(ENGINES) if options.engine == "all" else (options.engine,)
    REPORTS.mkdir(parents=True, exist_ok=True)
    try:
        closed = _soak_all(engines, options.minutes * 60 / len(engines))
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        parser.exit(2, f"soak: {missing}\n")
    return int(not all(closed))


def _soak_all(engines: Sequence[str], seconds: float) -> list[bool]:
    """Soak the engines in turn, and return which ledgers close."""
    step = len(engines) if seconds < ALL_FAULTS_SECONDS else 1
    with TemporaryDirectory() as folder:
        second = second_copy(Path(folder))
        return [
            _close(engine, soak(engine, seconds, second, Share(number % step, step)))
            for number, engine in enumerate(engines)
        ]


if __name__ == "__main__":
    sys.exit(main())
