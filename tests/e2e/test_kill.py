"""kill -9 of a process under load: what it has answered stays answered."""

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

from tests.e2e.instances import LOST, TABLES, Answer, Connection, Instance, Payments, TokenKeys, instances, signed_now
from tests.e2e.process import PATIENCE
from tests.engines import REDIS_SERVERS, RedisServer
from tests.merchant import write_settings
from tests.nicepay import Nicepay, jakarta

CALLERS = 4
KILLS = 2
ANSWERS = 300
"""So many are given before each kill, and after the last."""


@dataclass
class Run:
    """Where the process of now is, and what was answered by all there were."""

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

    def go_on(self, served: Instance) -> None:
        self.served = served
        self.up.set()


class Caller:
    """NICEPAY, who sends again what was not answered."""

    def __init__(self, run: Run, payments: Payments, repeated: list[dict[str, str]]) -> None:
        self._run = run
        self._payments = payments
        self._repeated = repeated

    def call_until_over(self, name: str) -> None:
        """Each payment twice, and after it a repeat of a request for a token."""
        for number in count():
            if self._run.over.is_set():
                return
            self.pay(f"{name}-{number}")
            self.pay(f"{name}-{number}")
            self._ask(self._repeated[number % len(self._repeated)])

    def pay(self, external_id: str) -> None:
        call = self._payments.call(external_id)
        answer = self._answer(external_id, Instance.internal, lambda connection: connection.authorise(call))
        self._run.verdicts.append((external_id, answer.status, answer.code))

    def _ask(self, signed: dict[str, str]) -> None:
        answer = self._answer("token", Instance.public, lambda connection: connection.ask(signed))
        self._run.tokens.append((signed["X-TIMESTAMP"], answer.token))

    def _answer(self, name: str, to: Callable[[Instance], Connection], send: Callable[[Connection], Answer]) -> Answer:
        while True:
            try:
                with to(self._run.served) as connection:
                    answer = send(connection)
            except LOST:
                self._run.lost.append(name)
                assert self._run.up.wait(PATIENCE)
                assert not self._run.over.is_set(), "the server is gone for good"
            else:
                self._run.answered.release()
                return answer


@contextmanager
def _under_load(run: Run, caller: Caller) -> Iterator[None]:
    """Within it the callers call; what goes wrong with one is raised."""
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


def _killed(settings: Path, state_url: str, nicepay: Nicepay) -> Run:
    """A whole run, at whose end each external id that was used is sent once more."""
    serve = partial(instances, settings, STATE__URL=state_url)
    with ExitStack() as stack:
        (first,) = stack.enter_context(serve())
        run = Run(first)
        with first.public() as connection:
            token = connection.ask(signed_now(nicepay)).token
        caller = Caller(run, Payments(nicepay, token), [_signed_before(nicepay, seconds) for seconds in range(1, 4)])
        with _under_load(run, caller):
            for _ in range(KILLS):
                run.await_answers()
                run.kill()
                (restarted,) = stack.enter_context(serve())
                run.go_on(restarted)
            run.await_answers()
        for external_id in {external_id for external_id, *_ in run.verdicts}:
            caller.pay(external_id)
    return run


def _signed_before(nicepay: Nicepay, seconds: int) -> dict[str, str]:
    return nicepay.headers(jakarta(datetime.now(UTC) - timedelta(seconds=seconds)))


@pytest.fixture
def state_url(engine: str, tmp_path: Path, emptied_redis: Callable[[str], RedisServer]) -> str:
    """An engine that remembers nothing yet."""
    return f"sqlite:///{tmp_path}/state.db" if engine == "sqlite" else emptied_redis(engine).url


@pytest.mark.parametrize("engine", ["sqlite", REDIS_SERVERS[0]])
def test_what_was_answered_stays_answered(state_url: str, tmp_path: Path, nicepay: Nicepay) -> None:
    """Over a run with two kills, no external id is accepted twice and no repeat extends the span of its request."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    keys = TokenKeys(tmp_path / "token.keys")
    run = _killed(settings, state_url, nicepay)
    accepted = Counter(external_id for external_id, status, _ in run.verdicts if status == 200)
    assert run.lost
    assert set(accepted.values()) == {1}
    assert {verdict[1:] for verdict in run.verdicts} == {(200, None), (409, "4099000")}
    spans = defaultdict(set)
    for timestamp, token in run.tokens:
        spans[timestamp].add(keys.issued_at(token))
    assert [len(seconds) for seconds in spans.values()] == [1, 1, 1]
