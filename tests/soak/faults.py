"""The faults of a soak: what an operator or a failing machine does, and how long its consequences last."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import COMMAND, run
from tests.soak.instance_log import PATIENCE
from tests.soak.ledger import Fault
from tests.soak.site import Site

AFTERMATH = 1.0
"""Seconds after the end of a fault in which failures still count as its consequence.

A fault ends when all workers are ready again. A request that was sent before may wait for the state store (0.5 s).
"""
POLL_SECONDS = 0.1
FULL_SECONDS = 2.0
"""How long nobody reads the logs."""


@dataclass(frozen=True)
class Plan:
    """One fault. If it is harmless, it explains no failure."""

    name: str
    act: Callable[[Site], None]
    is_harmless: bool = False

    def run(self, site: Site) -> Fault:
        """Do it, and return when failures are its consequence."""
        start = time.time()
        self.act(site)
        site.wait_until_ready()
        return Fault(self.name, start, time.time() + AFTERMATH, self.is_harmless)


def _signal(site: Site, number: signal.Signals, event: str) -> None:
    """Send a signal to each instance in turn, and wait for the event that follows."""
    for instance, log in enumerate(site.logs):
        site.signal(instance, number)
        log.event(event)


def _reload(site: Site) -> None:
    _signal(site, signal.SIGHUP, "settings.read")


def _replace_workers(site: Site) -> None:
    _signal(site, signal.SIGUSR2, "workers.replaced")


def _rotate_keys(site: Site) -> None:
    """Run both steps of a rotation. After each, the instances read the file."""
    for _ in range(2):
        _wait_until(lambda: _is_step_done(site), "the keys cannot be rotated")
        _reload(site)


def _is_step_done(site: Site) -> bool:
    """Run a step of a rotation, unless the one before was less than a few seconds ago."""
    done = run(COMMAND, "keys", "rotate", "--config", site.config)
    assert done.returncode == 0 or "run this again" in done.stderr, done.stderr
    return done.returncode == 0


def _wait_until(condition: Callable[[], bool], failure: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, failure
        time.sleep(POLL_SECONDS)


def _kill_worker(site: Site) -> None:
    os.kill(site.workers(1)[0], signal.SIGKILL)
    site.logs[1].event("worker.started")


def _kill_instance(site: Site) -> None:
    workers = site.workers(1)
    for pid in (site.instances[1].pid, *workers):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _start_again(site, workers)


def _kill_supervisor(site: Site) -> None:
    """Its workers notice that it has ended, and end."""
    workers = site.workers(1)
    site.signal(1, signal.SIGKILL)
    _start_again(site, workers)


def _start_again(site: Site, workers: list[int]) -> None:
    site.instances[1].status()
    _wait_until(lambda: not any(map(_is_running, workers)), "the workers do not end")
    site.start(1)


def _is_running(pid: int) -> bool:
    """Whether the process has not ended. Nobody may ask for its exit status."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _fail_engine(site: Site) -> None:
    site.engine.fail()


def _stop_log_readers(site: Site) -> None:
    for log in site.logs:
        log.stop_reading()
    time.sleep(FULL_SECONDS)
    for log in site.logs:
        log.read_on()


def _end_log_readers(site: Site) -> None:
    for log in site.logs:
        log.close()
    time.sleep(FULL_SECONDS)
    for log in site.logs:
        log.open()
    _reload(site)  # A worker reports lost lines with its next line. Without a request, it would have none.


def _fill_audit_disk(site: Site) -> None:
    site.disk.fill()
    try:
        for log in site.logs:
            log.event("audit.down")
    finally:
        site.disk.free()


def _upgrade(site: Site) -> None:
    """Stop one instance after the other, and start it from the second copy."""
    for number in site.instances:
        site.signal(number, signal.SIGTERM)
        assert site.instances[number].status() == 0
        site.start(number, site.second)
        site.wait_until_ready()


def plans(site: Site) -> Iterator[Plan]:
    """All faults that are possible here, in their order. The failure of the engine is the first one.

    Three engines that share them all get one that takes long.
    """
    yield Plan(site.engine.failure, _fail_engine)
    yield Plan("keys rotate", _rotate_keys, is_harmless=True)
    yield Plan("kill -9 of a worker", _kill_worker)
    yield Plan("the readers of the logs stop", _stop_log_readers, is_harmless=True)
    yield Plan("kill -9 of a supervisor", _kill_supervisor)
    yield Plan("workers are replaced", _replace_workers, is_harmless=True)
    yield Plan("rolling upgrade", _upgrade, is_harmless=True)
    yield Plan("the readers of the logs end, and others start", _end_log_readers, is_harmless=True)
    if not site.disk.reason:
        yield Plan("the audit disk is full", _fill_audit_disk)
    yield Plan("settings reload", _reload, is_harmless=True)
    yield Plan("kill -9 of an instance", _kill_instance)


@dataclass(frozen=True)
class Share:
    """The part of the faults that one engine gets in a short soak: every so many of them, from a start on."""

    start: int = 0
    step: int = 1

    def scheduled(self, site: Site, seconds: float) -> Iterator[tuple[float, Plan]]:
        """Each fault with its time in seconds after the start. They are spread evenly over the soak."""
        first, *others = plans(site)
        found = [first, *others[self.start :: self.step]]
        for number, plan in enumerate(found):
            yield seconds * (number + 0.5) / len(found), plan
