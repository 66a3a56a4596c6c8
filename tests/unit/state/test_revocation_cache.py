"""The copy in memory of revoked tokens and suspended clients."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import pytest
from structlog.testing import capture_logs

from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from handlers.state.outage import GuardedState, OutageAction, OutagePolicy
from handlers.state.port import StateDownError
from handlers.state.revocation_cache import LARGEST_AGE_SECONDS, REFRESH_SECONDS, RevocationCache
from tests.engines import NOON, SECOND, BreakableState, asynchronous

ISSUED = NOON.replace(microsecond=0)


@dataclass
class Instance:
    """A RevocationCache over an engine, with clocks that the test sets."""

    policy: OutageAction = "refuse"
    engine: BreakableState = field(default_factory=BreakableState)
    seconds: float = 1_000.0
    now: datetime = NOON

    def __post_init__(self) -> None:
        outage_policy = OutagePolicy(self.policy, count().__next__)
        state = GuardedState(self.engine, outage_policy)
        self.revocations = RevocationCache(state, outage_policy, lambda: self.now, lambda: self.seconds)

    def is_revoked(self, issued_at: datetime = ISSUED) -> bool:
        return self.revocations.is_revoked("A", "ab", issued_at)


@asynchronous
async def test_a_token_is_revoked_alone() -> None:
    """The revocation of a token covers no other token."""
    house = Instance()
    await house.revocations.refresh()
    assert not house.is_revoked()
    await house.revocations.revoke_token("ab", 900)
    assert house.is_revoked()
    assert not house.revocations.is_revoked("A", "abc", ISSUED)
    assert not house.revocations.is_revoked("ab", "A", ISSUED)


@pytest.mark.parametrize(
    ("issued_at", "revoked"),
    [
        (ISSUED - 900 * SECOND, True),
        (ISSUED, True),
        (ISSUED + SECOND, False),
    ],
)
@asynchronous
async def test_a_client_is_revoked_up_to_now(issued_at: datetime, revoked: bool) -> None:  # noqa: FBT001  a parameter of the test
    """All tokens up to the second of the revocation are revoked. Later tokens and other clients' are not."""
    house = Instance()
    await house.revocations.refresh()
    await house.revocations.revoke_client("A", 900)
    assert house.is_revoked(issued_at) is revoked
    assert not house.revocations.is_revoked("B", "ab", issued_at)


@pytest.mark.parametrize(("seconds", "covered"), [(-1, True), (0, True), (0.876, True), (0.877, False)])
@asynchronous
async def test_the_second_of_a_revocation_is_covered_to_its_end(seconds: float, *, covered: bool) -> None:
    """The revocation of a client covers its whole second, even the time after it."""
    house = Instance()
    await house.revocations.refresh()
    assert not house.revocations.covers("A", NOON)
    await house.revocations.revoke_client("A", 900)
    assert house.revocations.covers("A", NOON + seconds * SECOND) is covered
    assert not house.revocations.covers("B", NOON)


@asynchronous
async def test_a_suspension_is_known_from_the_next_read_to_its_end() -> None:
    """A suspension counts from the next read until it ends. Its start and end are one line each."""
    house = Instance()
    with capture_logs() as log:
        for suspend in (house.engine.suspend("A", NOON), house.engine.suspend("A", NOON), house.engine.resume("A")):
            before = house.revocations.is_suspended("A")
            await suspend
            assert house.revocations.is_suspended("A") is before
            await house.revocations.refresh()
        assert not house.revocations.is_suspended("A")
        await house.engine.suspend("B", NOON)
        await house.revocations.refresh()
        assert house.revocations.is_suspended("B")
        assert not house.revocations.is_suspended("A")
    assert [(line["event"], line["client_key"]) for line in log] == [
        ("client.suspended", "A"),
        ("client.resumed", "A"),
        ("client.suspended", "B"),
    ]


@pytest.mark.parametrize("policy", ["refuse", "continue"])
@asynchronous
async def test_a_suspension_holds_while_the_engine_is_down(policy: OutageAction) -> None:
    """A suspended client stays suspended under both policies, even in an old copy."""
    house = Instance(policy)
    await house.engine.suspend("A", NOON)
    await house.revocations.refresh()
    house.seconds += 3_600
    assert house.revocations.is_suspended("A")


@asynchronous
async def test_revocations_are_no_suspensions() -> None:
    """A revoked client is not suspended, and a suspended client is not revoked. Only suspensions are logged."""
    house = Instance()
    with capture_logs() as log:
        await house.revocations.revoke_client("A", 900)
        await house.revocations.revoke_token("ab", 900)
        await house.revocations.refresh()
    assert log == []
    assert not house.revocations.is_suspended("A")
    await house.engine.suspend("B", NOON)
    await house.revocations.refresh()
    assert not house.revocations.covers("B", NOON)
    assert not house.revocations.is_revoked("B", "b", ISSUED)


@asynchronous
async def test_a_revocation_counts_here_at_once_and_elsewhere_at_the_next_read() -> None:
    """The instance that revokes needs no read. Another instance does."""
    here = Instance()
    elsewhere = Instance(engine=here.engine)
    await here.revocations.refresh()
    await elsewhere.revocations.refresh()
    await here.revocations.revoke_client("A", 900)
    assert here.is_revoked()
    assert not elsewhere.is_revoked()
    await elsewhere.revocations.refresh()
    assert elsewhere.is_revoked()


@asynchronous
async def test_the_later_revocation_of_a_client_stays() -> None:
    """If the clock goes back, a second revocation does not make tokens valid again."""
    house = Instance()
    await house.revocations.refresh()
    await house.revocations.revoke_client("A", 900)
    house.now -= 60 * SECOND
    await house.revocations.revoke_client("A", 900)
    assert house.is_revoked()


@asynchronous
async def test_an_ended_revocation_does_not_count() -> None:
    """A revocation stops to count at the next read after its end."""
    house = Instance()
    await house.revocations.revoke_token("ab", 900)
    house.now += 900 * SECOND
    await house.revocations.refresh()
    assert not house.is_revoked()


class Slow(BreakableState):
    """An engine whose answers to reads are old when they arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = asyncio.Event()
        self.gate = asyncio.Event()

    async def revocations(self, now: datetime) -> Mapping[str, datetime]:
        answer = await super().revocations(now)
        self.reading.set()
        await self.gate.wait()
        return answer


@asynchronous
async def test_a_slow_read_does_not_undo_a_revocation() -> None:
    """A read that began before a revocation and ends after it does not remove it from the copy."""
    engine = Slow()
    house = Instance(engine=engine)
    read = asyncio.create_task(house.revocations.refresh())
    await engine.reading.wait()
    await house.revocations.revoke_token("ab", 900)
    engine.gate.set()
    await read
    assert house.is_revoked()
    await house.revocations.refresh()
    assert house.is_revoked()


@asynchronous
async def test_its_age_counts_from_the_beginning_of_the_read() -> None:
    """A copy is fresh until one second after its read began."""
    engine = Slow()
    house = Instance(engine=engine)
    assert not house.revocations.is_fresh
    read = asyncio.create_task(house.revocations.refresh())
    await engine.reading.wait()
    house.seconds += 0.4
    engine.gate.set()
    await read
    house.seconds += 0.6
    assert house.revocations.is_fresh
    house.seconds += 0.001
    assert not house.revocations.is_fresh


@asynchronous
async def test_refusing_with_an_old_copy() -> None:
    """With a copy that is too old or was never read, every question is refused."""
    house = Instance("refuse")
    with pytest.raises(SnapError) as refusal:
        house.is_revoked()
    assert refusal.value.code is EXTERNAL_SERVER_ERROR
    assert refusal.value.reason == "state.down"
    assert refusal.value.headers == {"Retry-After": "1"}
    assert refusal.value.log_fields == {"cause": "the revocations were not read in time"}
    await house.revocations.refresh()
    assert not house.is_revoked()
    house.seconds += LARGEST_AGE_SECONDS + 0.001
    with pytest.raises(SnapError):
        house.is_revoked()


@asynchronous
async def test_continuing_with_an_old_copy() -> None:
    """An old copy still answers, and the log has a line."""
    house = Instance("continue")
    await house.revocations.refresh()
    await house.revocations.revoke_token("ab", 900)
    house.engine.up = False
    with pytest.raises(StateDownError):
        await house.revocations.refresh()
    house.seconds += LARGEST_AGE_SECONDS + 0.001
    with capture_logs() as log:
        assert house.is_revoked()
        assert not house.revocations.is_revoked("A", "other", ISSUED)
    assert [(line["event"], line.get("unchecked")) for line in log] == [("state.down", 1)]


@pytest.mark.parametrize("policy", ["refuse", "continue"])
@asynchronous
async def test_revoking_while_the_engine_is_down(policy: OutageAction) -> None:
    """The revocation is refused, and does not count on this instance either."""
    house = Instance(policy)
    await house.revocations.refresh()
    house.engine.up = False
    with pytest.raises(SnapError):
        await house.revocations.revoke_token("ab", 900)
    assert not house.is_revoked()


@asynchronous
async def test_it_is_refreshed() -> None:
    """The copy is read before the block begins, then twice a second, and never after the block."""
    house = Instance()
    async with house.revocations.refreshing():
        assert house.revocations.is_fresh
        began, second, third = [await house.engine.reads.get() for _ in range(3)]
    assert REFRESH_SECONDS * 0.9 < second - began < REFRESH_SECONDS * 1.4
    assert REFRESH_SECONDS * 1.9 < third - began < REFRESH_SECONDS * 2.4
    await asyncio.sleep(REFRESH_SECONDS * 1.2)
    assert house.engine.reads.empty()


@asynchronous
async def test_concurrent_revocations_do_not_wait() -> None:
    """Revocations do not wait for each other, and not for a read that is in progress."""
    engine = Slow()
    house = Instance(engine=engine)
    read = asyncio.create_task(house.revocations.refresh())
    await engine.reading.wait()
    await asyncio.gather(*(house.revocations.revoke_token(name, 900) for name in ("ab", "cd")))
    assert not read.done()
    engine.gate.set()
    await read
    assert house.is_revoked()


@asynchronous
async def test_an_engine_that_is_down_for_a_while() -> None:
    """It may be down at the start. Each outage has one line at its start and one at its end."""
    house = Instance()
    house.engine.up = False
    with capture_logs() as log:
        async with house.revocations.refreshing():
            with pytest.raises(SnapError) as refusal:
                house.is_revoked()
            for _ in range(2):
                await house.engine.reads.get()
            house.engine.up = True
            for _ in range(2):
                await house.engine.reads.get()
            assert not house.is_revoked()
    assert refusal.value.log_fields == {"cause": "ConnectionError: refused"}
    assert [line["event"] for line in log] == ["state.down", "state.up"]
    assert log[0]["cause"] == "ConnectionError: refused"


@asynchronous
async def test_the_block_ends_during_a_read() -> None:
    """The block ends even while a read is in progress."""
    engine = Slow()
    engine.gate.set()
    async with Instance(engine=engine).revocations.refreshing():
        engine.gate.clear()
        for _ in range(2):
            await engine.reads.get()
