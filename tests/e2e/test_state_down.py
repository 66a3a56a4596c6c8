"""The state store fails and comes back while the server runs. A hanging state store delays requests only briefly."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.instances import TABLES, Answer, Instance, instances, signed_now
from tests.engines import PERSISTENT, REDIS_SERVERS, RedisServer, redis_server
from tests.merchant import write_settings
from tests.nicepay import Nicepay

AT_ONCE = 10
TIMEOUT_SECONDS = 0.5

REFUSE = pytest.mark.parametrize("when_down", ["refuse"])
CONTINUE = pytest.mark.parametrize("when_down", ["continue"])


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis server that the test may stop."""
    with redis_server(REDIS_SERVERS[0], *PERSISTENT) as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, nicepay: Nicepay, redis: RedisServer, when_down: str) -> Iterator[Instance]:
    """A process that keeps its state in that Redis server."""
    settings = write_settings(tmp_path, nicepay, extra=TABLES)
    with instances(settings, STATE__URL=redis.tcp_url, STATE__WHEN_DOWN=when_down) as (served,):
        yield served


def _summary(answer: Answer) -> tuple[int, str | None, str | None]:
    return answer.status, answer.code, answer.headers.get("retry-after")


def _seconds(ask: Callable[[], Answer]) -> float:
    start = time.monotonic()
    ask()
    return time.monotonic() - start


@REFUSE
def test_requests_are_refused_until_the_store_is_back(served: Instance, redis: RedisServer, nicepay: Nicepay) -> None:
    """Without its state store the server answers 500xx02 with Retry-After, and serves again when the store is back."""
    payments = served.payments(nicepay)
    redis.stop()
    with served.internal() as internal:
        assert _summary(internal.authorise(payments.call("ordNo1"))) == (500, "5009002", "1")
        assert _summary(served.ask(signed_now(nicepay))) == (500, "5007302", "1")
        served.process.err.event("state.down")
        redis.start()
        served.process.err.event("state.up")
        assert _summary(served.ask(signed_now(nicepay))) == (200, "2007300", None)
        assert internal.authorise(payments.call("ordNo1")).status == 200


@REFUSE
def test_a_hanging_store_delays_each_request_by_half_a_second(
    served: Instance, redis: RedisServer, nicepay: Nicepay
) -> None:
    """If the state store hangs, each of ten simultaneous requests takes half a second, not one after the other."""
    redis.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seconds = list(pool.map(lambda _: _seconds(lambda: served.ask(signed_now(nicepay))), range(AT_ONCE)))
    assert TIMEOUT_SECONDS <= max(seconds) < TIMEOUT_SECONDS * AT_ONCE
    assert _summary(served.ask(signed_now(nicepay))) == (500, "5007302", "1")
    redis.process.send_signal(signal.SIGCONT)
    served.process.err.event("state.up")
    assert _summary(served.ask(signed_now(nicepay))) == (200, "2007300", None)


@CONTINUE
def test_requests_are_served_unchecked_with_continue(served: Instance, redis: RedisServer, nicepay: Nicepay) -> None:
    """With `when_down = "continue"`, requests and replays are served, and a log line counts them."""
    call = served.payments(nicepay).call("ordNo1")
    redis.stop()
    with served.internal() as internal:
        assert [internal.authorise(call).status for _ in range(2)] == [200, 200]
        assert served.ask(signed_now(nicepay)).code == "2007300"
        # One kind of line counts unchecked requests, the other says that the revocations cannot be read.
        kinds: set[bool] = set()
        while len(kinds) < 2:
            kinds.add("unchecked" in served.process.err.event("state.down"))
        redis.start()
        served.process.err.event("state.up")
        assert [internal.authorise(call).status for _ in range(2)] == [200, 409]
