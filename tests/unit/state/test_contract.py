"""The rules that every engine behind the state port follows."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.e2e.process import running
from tests.engines import NOON, REDIS_SERVERS, SECOND, RedisServer, asynchronous, opened
from tests.postgresql_server import PostgresqlServer
from tests.record_keys import TTL_SECONDS

SHARED = ["sqlite", *REDIS_SERVERS, "postgresql"]


@pytest.fixture(params=["memory", *SHARED])
def url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    emptied_redis: Callable[[str], RedisServer],
    emptied_postgresql: Callable[[], PostgresqlServer],
) -> str:
    """The URL of an empty engine."""
    if request.param in REDIS_SERVERS:
        return emptied_redis(request.param).url
    if request.param == "postgresql":
        return emptied_postgresql().url
    return {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/state.db"}[request.param]


shared = pytest.mark.parametrize("url", SHARED, indirect=True)


@asynchronous
async def test_a_repeat_gets_the_time_of_the_first_call(url: str) -> None:
    """The first call gets None. Each later call gets its time, in UTC, to the microsecond."""
    async with opened(url) as state:
        assert await state.first_seen("key", 60, NOON) is None
        for later in (NOON, NOON + 59 * SECOND, NOON - 60 * SECOND):
            first = await state.first_seen("key", 60, later)
            assert first == NOON
            assert first.tzinfo is UTC


@asynchronous
async def test_keys_do_not_mix(url: str) -> None:
    """A key does not affect its prefix, its upper case, or a revoked subject of the same name."""
    async with opened(url) as state:
        await state.revoke("client:A", NOON, 60)
        for key in ("k", "ke", "K", "client:A", "k:", "k*", "k'", 'k"', "k\\", ""):
            assert await state.first_seen(key, 60, NOON) is None
        assert await state.first_seen("k", 60, NOON) == NOON


@pytest.mark.parametrize("ttl_seconds", [1, 86_400 * 2])
@asynchronous
async def test_a_key_is_recorded_until_its_end(url: str, ttl_seconds: int) -> None:
    """A key is recorded until its end by the caller's clock, and is new after that."""
    end = NOON + timedelta(seconds=ttl_seconds)
    async with opened(url) as state:
        await state.first_seen("key", ttl_seconds, NOON)
        assert await state.first_seen("key", ttl_seconds, end - timedelta(microseconds=1)) == NOON
        assert await state.first_seen("key", ttl_seconds, end) is None
        assert await state.first_seen("key", ttl_seconds, end + SECOND / 2) == end


@asynchronous
async def test_a_repeat_does_not_extend_the_time(url: str) -> None:
    """Repeats do not change the end that the first call set."""
    async with opened(url) as state:
        for second in range(10):
            await state.first_seen("key", 10, NOON + second * SECOND)
        assert await state.first_seen("key", 10, NOON + 10 * SECOND) is None


@asynchronous
async def test_exactly_one_of_many_simultaneous_calls_is_first(url: str) -> None:
    """Of 200 simultaneous calls for one key, one gets None, and all others get its time."""
    moments = [NOON + timedelta(microseconds=number) for number in range(200)]
    async with opened(url) as state:
        answers = await asyncio.gather(*(state.first_seen("key", 60, moment) for moment in moments))
    (first,) = {answer for answer in answers if answer}
    assert answers.count(None) == 1
    assert moments[answers.index(None)] == first


@asynchronous
async def test_many_keys_at_once_get_their_own_answers(url: str) -> None:
    """Simultaneous calls for different keys get their own answers."""
    async with opened(url) as state:
        for number in range(0, 300, 2):
            assert await state.first_seen(str(number), 600, NOON + number * SECOND) is None
        answers = await asyncio.gather(*(state.first_seen(str(number), 600, NOON) for number in range(300)))
    assert answers == [None if number % 2 else NOON + number * SECOND for number in range(300)]


@asynchronous
async def test_a_revocation_is_listed_until_its_end(url: str) -> None:
    """A revocation is listed with its time, in UTC, to the microsecond, until its end."""
    async with opened(url) as state:
        assert await state.revocations(NOON) == {}
        await state.revoke("token:ab", NOON, 60)
        await state.revoke("client:A", NOON + SECOND, 90)
        both = await state.revocations(NOON + 60 * SECOND - timedelta(microseconds=1))
        assert both == {"token:ab": NOON, "client:A": NOON + SECOND}
        assert {at.tzinfo for at in both.values()} == {UTC}
        assert await state.revocations(NOON + 60 * SECOND) == {"client:A": NOON + SECOND}
        assert await state.revocations(NOON + 91 * SECOND) == {}


@pytest.mark.parametrize("earlier_first", [True, False])
@asynchronous
async def test_the_later_revocation_stays(url: str, earlier_first: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Of two revocations of one subject, the later time and the later end stay, in either order."""
    both = [(NOON, 900), (NOON + 60 * SECOND, 60)]
    async with opened(url) as state:
        for at, ttl_seconds in both if earlier_first else reversed(both):
            await state.revoke("client:A", at, ttl_seconds)
        assert await state.revocations(NOON + 899 * SECOND) == {"client:A": NOON + 60 * SECOND}
        assert await state.revocations(NOON + 900 * SECOND) == {}


@asynchronous
async def test_a_subject_can_be_revoked_again(url: str) -> None:
    """A revocation that has ended does not block the next one."""
    async with opened(url) as state:
        await state.revoke("client:A", NOON, 60)
        assert await state.revocations(NOON + 60 * SECOND) == {}
        await state.revoke("client:A", NOON + 70 * SECOND, 60)
        assert await state.revocations(NOON + 70 * SECOND) == {"client:A": NOON + 70 * SECOND}


@asynchronous
async def test_a_suspension_lasts_until_it_is_resumed(url: str) -> None:
    """A suspension is listed with its first time, for years, until the client is resumed."""
    async with opened(url) as state:
        for at in (NOON, NOON + SECOND, NOON - SECOND):
            await state.suspend("A", at)
        await state.suspend("B", NOON + SECOND)
        both = await state.revocations(NOON + timedelta(days=3_000))
        assert both == {"suspended:A": NOON, "suspended:B": NOON + SECOND}
        assert {at.tzinfo for at in both.values()} == {UTC}
        await state.resume("A")
        assert await state.revocations(NOON) == {"suspended:B": NOON + SECOND}
        await state.suspend("A", NOON + 2 * SECOND)
        assert await state.revocations(NOON) == {"suspended:A": NOON + 2 * SECOND, "suspended:B": NOON + SECOND}


@pytest.mark.parametrize("client_key", ["A", "a", "A:B", "suspended:A", "client:A", "'", "%", "!" * 36])
@asynchronous
async def test_suspensions_do_not_mix(url: str, client_key: str) -> None:
    """A suspension affects neither a client with a similar key nor revocations."""
    async with opened(url) as state:
        await state.suspend(client_key, NOON)
        for other in ("B", "A:", "x", "client:", f"{client_key} ", f"suspended:{client_key}"):
            await state.resume(other)
        assert await state.revocations(NOON) == {f"suspended:{client_key}": NOON}
        assert await state.first_seen(f"suspended:{client_key}", 60, NOON) is None


@asynchronous
async def test_resuming_a_client_that_is_not_suspended(url: str) -> None:
    """Resuming a client that is not suspended changes nothing, and lifts no revocation."""
    async with opened(url) as state:
        await state.revoke("client:A", NOON, 60)
        await state.resume("A")
        assert await state.revocations(NOON) == {"client:A": NOON}


@pytest.mark.parametrize("days", [1, 3, 6, 400])
@asynchronous
async def test_a_clock_that_jumps_ahead_and_back(url: str, days: int) -> None:
    """While the clock is ahead, nothing is deleted. So after it, all live records are still there."""
    ahead = NOON + timedelta(days=days)
    async with opened(url) as state:
        await state.first_seen("key", 60, NOON)
        await state.revoke("client:A", NOON, 60)
        for number in range(3):
            await asyncio.gather(*(state.first_seen(f"{number}-{each}", 60, ahead) for each in range(200)))
            await state.revoke("client:B", ahead, 60)
            assert await state.revocations(ahead) == {"client:B": ahead}
        assert await state.first_seen("key", 60, NOON + SECOND) == NOON
        assert (await state.revocations(NOON + SECOND))["client:A"] == NOON


@shared
@asynchronous
async def test_a_start_while_the_clock_is_ahead(url: str) -> None:
    """An instance that starts while its clock is six days ahead deletes nothing either."""
    async with opened(url) as state:
        await state.first_seen("key", 60, NOON)
        await state.revoke("client:A", NOON, 60)
    ahead = NOON + timedelta(days=6)
    async with opened(url) as state:
        await asyncio.gather(*(state.first_seen(str(each), 60, ahead) for each in range(300)))
        await state.revoke("client:B", ahead, 60)
        await state.revocations(ahead)
    async with opened(url) as state:
        assert await state.first_seen("key", 60, NOON + SECOND) == NOON
        assert (await state.revocations(NOON + SECOND))["client:A"] == NOON


@shared
@asynchronous
async def test_two_instances_share_everything(url: str) -> None:
    """Two instances share keys, revocations and suspensions."""
    async with opened(url) as one, opened(url) as other:
        await one.first_seen("key", 60, NOON)
        await one.revoke("client:A", NOON, 60)
        await one.suspend("A", NOON)
        assert await other.first_seen("key", 60, NOON + SECOND) == NOON
        assert await other.revocations(NOON) == {"client:A": NOON, "suspended:A": NOON}
        await other.resume("A")
        assert await one.revocations(NOON) == {"client:A": NOON}


@shared
@asynchronous
async def test_records_outlive_the_instance(url: str) -> None:
    """The next instance finds the keys and suspensions of the one before."""
    async with opened(url) as one:
        await one.first_seen("key", 60, NOON)
        await one.suspend("A", NOON)
    async with opened(url) as next_one:
        assert await next_one.first_seen("key", 60, NOON) == NOON
        assert await next_one.revocations(NOON) == {"suspended:A": NOON}


@shared
def test_exactly_one_of_several_processes_is_first(url: str) -> None:
    """Of three processes with the same 300 keys, each key is new to exactly one."""
    with ExitStack() as started:
        processes = [
            started.enter_context(running(sys.executable, "-m", "tests.record_keys", url, "300")) for _ in range(3)
        ]
        new = Counter(int(line) for process in processes for line in process.out)
        assert [process.status() for process in processes] == [0, 0, 0]
    assert new == Counter(range(300))


@shared
def test_no_answer_is_lost_when_the_process_is_killed(url: str) -> None:
    """Every key that got an answer before a SIGKILL is recorded after it."""
    with running(sys.executable, "-m", "tests.record_keys", url, "1000000") as process:
        lines = iter(process.out)
        answered = [next(lines) for _ in range(500)]
        process.send_signal(SIGKILL)
        answered += [line for line in lines if line.endswith("\n")]

    @asynchronous
    async def assert_known() -> None:
        async with opened(url) as state:
            now = datetime.now(UTC)
            firsts = [await state.first_seen(line.strip(), TTL_SECONDS, now) for line in answered]
            assert None not in firsts

    assert_known()
