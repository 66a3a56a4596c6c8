"""The engine goes away and comes back, and the server lives on; nobody waits long for an engine that hangs."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.instances import TABLES, Answer, Instance, Payments, instances, signed_now
from tests.engines import PERSISTENT, REDIS_SERVERS, RedisServer, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay

AT_ONCE = 10
PATIENCE_SECONDS = 0.5
SLACK_SECONDS = 1.0
"""What a busy machine may add."""

REFUSE = pytest.mark.parametrize("when_down", ["refuse"])
CONTINUE = pytest.mark.parametrize("when_down", ["continue"])


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with redis_server(REDIS_SERVERS[0], *PERSISTENT) as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, nicepay: Nicepay, redis: RedisServer, when_down: str) -> Iterator[Instance]:
    """A process that keeps its state there."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with instances(settings, STATE__URL=redis.tcp_url, STATE__WHEN_DOWN=when_down) as (served,):
        yield served


def _ask(served: Instance, nicepay: Nicepay) -> Answer:
    with served.public() as connection:
        return connection.ask(signed_now(nicepay))


def _told(answer: Answer) -> tuple[int, str | None, str | None]:
    return answer.status, answer.code, answer.headers.get("retry-after")


def _seconds(ask: Callable[[], Answer]) -> float:
    start = time.monotonic()
    ask()
    return time.monotonic() - start


@REFUSE
def test_requests_are_refused_until_it_is_back(served: Instance, redis: RedisServer, nicepay: Nicepay) -> None:
    """Without its engine the server answers 500 02 and says when to try again; when it is back, it serves by itself."""
    payments = Payments(nicepay, _ask(served, nicepay).token)
    redis.stop()
    with served.internal() as internal:
        assert _told(internal.authorise(payments.call("ordNo1"))) == (500, "5009002", "1")
        assert _told(_ask(served, nicepay)) == (500, "5007302", "1")
        served.process.err.event("state.down")
        redis.start()
        served.process.err.event("state.up")
        assert _told(_ask(served, nicepay)) == (200, "2007300", None)
        assert internal.authorise(payments.call("ordNo1")).status == 200


@REFUSE
def test_a_hanging_engine_costs_half_a_second(served: Instance, redis: RedisServer, nicepay: Nicepay) -> None:
    """An engine that does not answer costs each of ten requests half a second, not one after the other."""
    redis.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seconds = list(pool.map(lambda _: _seconds(lambda: _ask(served, nicepay)), range(AT_ONCE)))
    assert PATIENCE_SECONDS <= max(seconds) < PATIENCE_SECONDS + SLACK_SECONDS
    assert _told(_ask(served, nicepay)) == (500, "5007302", "1")
    redis.process.send_signal(signal.SIGCONT)
    served.process.err.event("state.up")
    assert _told(_ask(served, nicepay)) == (200, "2007300", None)


@CONTINUE
def test_it_goes_on_if_told_to(served: Instance, redis: RedisServer, nicepay: Nicepay) -> None:
    """Where the settings say to go on without the engine, requests and repeats are served, and a line counts them."""
    call = Payments(nicepay, _ask(served, nicepay).token).call("ordNo1")
    redis.stop()
    with served.internal() as internal:
        assert [internal.authorise(call).status for _ in range(2)] == [200, 200]
        assert _ask(served, nicepay).code == "2007300"
        # One kind of line counts what went on, another tells that the revocations cannot be read any more.
        kinds: set[bool] = set()
        while len(kinds) < 2:
            kinds.add("unchecked" in served.process.err.event("state.down"))
        redis.start()
        served.process.err.event("state.up")
        assert [internal.authorise(call).status for _ in range(2)] == [200, 409]
