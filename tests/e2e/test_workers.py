"""Several workers under load: what they serve, lose and record while they are replaced, reloaded and killed."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Semaphore

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.instances import HOST, LOST, TABLES, Instance, instances, signed_now
from tests.e2e.process import COMMAND, PATIENCE, run, wait_until
from tests.merchant import write_settings
from tests.metrics import Series, parsed
from tests.nicepay import Nicepay
from tests.trail_files import write_key

CALLERS = 4
ANSWERS = 100
"""The number of answers before a fault and after it."""


def _settings(folder: Path, nicepay: Nicepay) -> Path:
    key = write_key(folder / "audit.pem").public_key()
    (folder / "audit.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    tables = TABLES.replace("[server]", "[server]\nworkers = 2")
    more = '[state]\nurl = "sqlite:///state.db"\n[audit]\ndir = "audit"\nkey_file = "audit.pem"\n'
    return write_settings(folder, nicepay, extra=tables + more)


@dataclass(frozen=True)
class Served:
    """Two workers, and the folder of their settings."""

    instance: Instance
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "snap-token.toml"

    @property
    def workers(self) -> set[int]:
        """The process IDs of the workers."""
        pid = self.instance.process.pid
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def event(self, name: str) -> dict[str, object]:
        """Wait for a log line of that event."""
        return self.instance.process.err.event(name)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.instance.process.pid, number)

    def metrics(self) -> dict[Series, float]:
        connection = HTTPConnection(HOST, self.instance.internal_port, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return parsed(page)

    def total(self, metric: str) -> float:
        """The sum of a metric, without the requests that ask for it."""
        of_ours = frozenset({("operation", "reportMetrics")})
        values = self.metrics().items()
        return sum(value for (name, labels), value in values if name == metric and labels != of_ours)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Served]:
    """Two workers that all tests of this file share."""
    folder = tmp_path_factory.mktemp("workers")
    with instances(_settings(folder, nicepay)) as (instance,):
        yield Served(instance, folder)


@dataclass
class Load:
    """Callers that send token requests: half of them on persistent connections, half on new ones."""

    served: Served
    nicepay: Nicepay
    is_over: Event = field(default_factory=Event)
    answered: Semaphore = field(default_factory=lambda: Semaphore(0))
    codes: Counter[str | None] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def await_answers(self) -> None:
        for _ in range(ANSWERS):
            assert self.answered.acquire(timeout=PATIENCE)

    def require_answers(self, lost: Sequence[str] = ()) -> None:
        """No connection was refused or reset, and no request was refused.

        On a busy machine, a worker can wait longer for the lock on the state file than a request may last.
        """
        assert self.lost == list(lost)
        assert {"2007300"} <= set(self.codes) <= {"2007300", "5007302"}

    def call(self, *, keeps: bool) -> None:
        with self.served.instance.public() as connection:
            while not self.is_over.is_set():
                try:
                    self.codes[connection.ask(signed_now(self.nicepay)).code] += 1
                except LOST as error:
                    self.lost.append(repr(error))
                self.answered.release()
                if not keeps:
                    connection.close()


@contextmanager
def _load(served: Served, nicepay: Nicepay) -> Iterator[Load]:
    """Run the callers during the block: answers come before it, and again before its end."""
    load = Load(served, nicepay)
    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(load.call, keeps=bool(number % 2)) for number in range(CALLERS)]
        try:
            load.await_answers()
            yield load
            load.await_answers()
        finally:
            load.is_over.set()
    for each in callers:
        each.result()


def test_workers_are_replaced_without_a_lost_request(served: Served, nicepay: Nicepay) -> None:
    """SIGUSR2 replaces all workers under load. No connection is refused or reset."""
    before, names = served.workers, ("snap_token_requests_total", "snap_request_duration_seconds_count")
    counts = [served.total(name) for name in names]
    with _load(served, nicepay) as load:
        served.signal(signal.SIGUSR2)
        assert served.event("workers.replaced")["workers"] == 2
    load.require_answers()
    assert len(served.workers) == 2
    assert not served.workers & before
    # A worker shows its last second a moment later.
    expected = [count + load.codes.total() for count in counts]
    wait_until(lambda: [served.total(name) for name in names] == expected)
    assert served.total("snap_workers_ready") == served.total("snap_workers_configured") == 2


def test_a_reload_loses_no_request(served: Served, nicepay: Nicepay) -> None:
    """SIGHUP reaches every worker under load, and each says in the log what it read."""
    with _load(served, nicepay) as load:
        served.signal(signal.SIGHUP)
        workers = {served.event("settings.read")["worker"] for _ in range(2)}
    load.require_answers()
    assert workers == served.workers


def test_a_killed_worker_takes_only_its_own_requests_with_it(served: Served, nicepay: Nicepay) -> None:
    """After kill -9 of one worker under load, the other one serves, and a new one starts."""
    victim = min(served.workers)
    with _load(served, nicepay) as load:
        os.kill(victim, signal.SIGKILL)
        assert served.event("worker.ended")["ending"] == "killed by SIGKILL"
        served.event("worker.started")
    assert len(load.lost) <= CALLERS
    load.require_answers(lost=load.lost)
    assert len(served.workers) == 2
    assert victim not in served.workers
    assert served.total("snap_worker_starts_total") >= 3


def test_a_hung_worker_is_replaced(served: Served, nicepay: Nicepay) -> None:
    """A worker whose event loop stands still is killed, the log says so, and a new one starts."""
    victim = min(served.workers)
    os.kill(victim, signal.SIGSTOP)
    assert served.event("worker.hung")["worker"] == victim
    assert served.event("worker.ended")["ending"] == "killed by SIGKILL"
    served.event("worker.started")
    assert served.instance.ask(signed_now(nicepay)).status == 200
    assert len(served.workers) == 2
    assert victim not in served.workers


def test_a_worker_that_cannot_start_replaces_none(served: Served, nicepay: Nicepay) -> None:
    """If the new settings have a mistake, the old workers serve on, and the log names the mistake."""
    before, text = served.workers, served.config.read_text()
    with _load(served, nicepay) as load:
        served.config.write_text(text.replace("workers = 2", "workers = 0"))
        served.signal(signal.SIGUSR2)
        mistakes = str(served.event("workers.not_replaced")["mistakes"])
        assert "server.workers: must be a whole number from 1 to 64" in mistakes
        served.config.write_text(text)
    load.require_answers()
    wait_until(lambda: served.workers == before)  # The new one has reported its mistake, and may still be ending.


def test_a_revocation_reaches_every_worker(served: Served, nicepay: Nicepay) -> None:
    """A token that one worker revokes is invalid at all workers within a second or a little more."""
    token = served.instance.ask(signed_now(nicepay)).token
    with served.instance.internal() as connection:
        assert connection.revoke(token).status == 200
    wait_until(lambda: not any(served.instance.is_active(token) for _ in range(20)))


def test_workers_end_with_their_supervisor(served: Served, nicepay: Nicepay) -> None:
    """If the supervisor is killed, its workers answer what they have and end, and the port is free."""
    process = served.instance.process
    assert served.instance.ask(signed_now(nicepay)).status == 200
    os.kill(process.pid, signal.SIGKILL)
    # The workers inherit standard error, so it ends when the last of them has ended.
    assert not any("worker.started" in line for line in process.err)
    assert process.status() == -signal.SIGKILL
    with pytest.raises(ConnectionRefusedError):
        served.instance.ask(signed_now(nicepay))


def test_one_chain_verifies_after_all_this(served: Served) -> None:
    """The workers write one audit trail, which is whole although one of them was killed while it wrote."""
    audit = served.folder / "audit"
    verified = run(COMMAND, "audit", "verify", audit, "--public-key", served.folder / "audit.pub")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_all_workers_drain_together(tmp_path: Path, nicepay: Nicepay) -> None:
    """After SIGTERM, every worker is not ready and still serves. A second SIGTERM ends them, with exit status 0."""
    with instances(_settings(tmp_path, nicepay), SERVER__DRAIN_SECONDS="300") as (instance,):
        served = Served(instance, tmp_path)
        served.signal(signal.SIGTERM)
        assert {served.event("server.draining")["worker"] for _ in range(2)} == served.workers
        with instance.internal() as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            assert (answer.status, b"draining" in answer.read()) == (503, True)
        assert instance.ask(signed_now(nicepay)).status == 200
        served.signal(signal.SIGTERM)
        assert instance.process.status() == 0
