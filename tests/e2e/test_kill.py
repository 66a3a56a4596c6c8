"""`kill -9` of a server under load: no replay is accepted after it."""

import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event, Semaphore

import pytest

from tests.e2e.instances import LOST, TABLES, Answer, Connection, Instance, Payments, TokenKeys, instances
from tests.e2e.process import PATIENCE
from tests.engines import REDIS_SERVERS
from tests.merchant import write_settings
from tests.nicepay import Nicepay, jakarta

CALLERS = 4
KILLS = 2
ANSWERS = 300
"""The number of answers before each kill and after the last one."""


@dataclass
class Run:
    """The current process, and the answers of all processes so far."""

    served: Instance
    up: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    answered: Semaphore = field(default_factory=lambda: Semaphore(0))
    verdicts: list[tuple[str, int, str | None]] = field(default_factory=list)
    tokens: list[tuple[str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def await_answers(self) -> None:
        for _ in range(ANSWERS):
            assert self.answered.acquire(timeout=PATIENCE)

    def kill(self) -> None:
        self.up.clear()
        self.served.process.send_signal(signal.SIGKILL)
        assert self.served.process.status() == -signal.SIGKILL

    def continue_with(self, served: Instance) -> None:
        self.served = served
        self.up.set()


class Caller:
    """NICEPAY. It sends a request again if it gets no answer."""

    def __init__(self, run: Run, payments: Payments, repeated: list[dict[str, str]]) -> None:
        self._run = run
        self._payments = payments
        self._repeated = repeated

    def call_until_over(self, name: str) -> None:
        """Until the run is over, send each payment twice, and then a replay of a token request."""
        for number in count():
            if self._run.over.is_set():
                return
            self.pay(f"{name}-{number}")
            self.pay(f"{name}-{number}")
            self._request_token(self._repeated[number % len(self._repeated)])

    def pay(self, external_id: str) -> None:
        call = self._payments.call(external_id)
        answer = self._send(external_id, Instance.internal, lambda connection: connection.authorise(call))
        self._run.verdicts.append((external_id, answer.status, answer.code))

    def _request_token(self, signed: dict[str, str]) -> None:
        answer = self._send("token", Instance.public, lambda connection: connection.ask(signed))
        self._run.tokens.append((signed["X-TIMESTAMP"], answer.token))

    def _send(self, name: str, to: Callable[[Instance], Connection], send: Callable[[Connection], Answer]) -> Answer:
        while True:
            try:
                with to(self._run.served) as connection:
                    answer = send(connection)
            except LOST:
                self._run.lost.append(name)
                assert self._run.up.wait(PATIENCE)
                assert not self._run.over.is_set(), "the server did not start again"
            else:
                self._run.answered.release()
                return answer


@contextmanager
def _under_load(run: Run, caller: Caller) -> Iterator[None]:
    """Run the callers during the block, and raise the error of a caller that fails."""
    run.up.set()
    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(caller.call_until_over, str(name)) for name in range(CALLERS)]
        try:
            yield
        finally:
            run.over.set()
            run.up.set()
    for each in callers:
        each.result()


def _run_with_kills(settings: Path, state_url: str, nicepay: Nicepay) -> Run:
    """Run the server under load with kills. At the end, send each used external id once more."""
    serve = partial(instances, settings, STATE__URL=state_url)
    with ExitStack() as stack:
        (first,) = stack.enter_context(serve())
        run = Run(first)
        repeated = [_signed_before(nicepay, seconds) for seconds in range(1, 4)]
        caller = Caller(run, first.payments(nicepay), repeated)
        with _under_load(run, caller):
            for _ in range(KILLS):
                run.await_answers()
                run.kill()
                (restarted,) = stack.enter_context(serve())
                run.continue_with(restarted)
            run.await_answers()
        for external_id in {external_id for external_id, *_ in run.verdicts}:
            caller.pay(external_id)
    return run


def _signed_before(nicepay: Nicepay, seconds: int) -> dict[str, str]:
    return nicepay.headers(jakarta(datetime.now(UTC) - timedelta(seconds=seconds)))


@pytest.mark.parametrize("engine", ["sqlite", REDIS_SERVERS[0], "postgresql"])
def test_a_kill_loses_no_accepted_request(state_url: str, tmp_path: Path, nicepay: Nicepay) -> None:
    """In a run with two kills, no external id is accepted twice, and the tokens of one request expire together."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    keys = TokenKeys(tmp_path / "token.keys")
    run = _run_with_kills(settings, state_url, nicepay)
    accepted = Counter(external_id for external_id, status, _ in run.verdicts if status == 200)
    assert run.lost
    assert set(accepted.values()) == {1}
    assert {verdict[1:] for verdict in run.verdicts} == {(200, None), (409, "4099000")}
    issue_times = defaultdict(set)
    for timestamp, token in run.tokens:
        issue_times[timestamp].add(keys.issued_at(token))
    assert [len(seconds) for seconds in issue_times.values()] == [1, 1, 1]
