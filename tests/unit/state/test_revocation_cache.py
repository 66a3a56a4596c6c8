"""The copy of what is revoked."""

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
class House:
    """Revocations over an engine, with clocks that stand still."""

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
    """A revoked token counts no more, and all others do."""
    house = House()
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
    """All tokens of the second of the revocation and before count no more; those of later seconds, and others', do."""
    house = House()
    await house.revocations.refresh()
    await house.revocations.revoke_client("A", 900)
    assert house.is_revoked(issued_at) is revoked
    assert not house.revocations.is_revoked("B", "ab", issued_at)


@pytest.mark.parametrize(("seconds", "covered"), [(-1, True), (0, True), (0.876, True), (0.877, False)])
@asynchronous
async def test_the_second_of_a_revocation_is_covered_to_its_end(seconds: float, *, covered: bool) -> None:
    """All that is issued in the second of a client's revocation, even after it, is covered by it."""
    house = House()
    await house.revocations.refresh()
    assert not house.revocations.covers("A", NOON)
    await house.revocations.revoke_client("A", 900)
    assert house.revocations.covers("A", NOON + seconds * SECOND) is covered
    assert not house.revocations.covers("B", NOON)


@asynchronous
async def test_a_suspension_is_known_from_the_next_read_to_its_end() -> None:
    """A client is suspended while the engine says so, and each beginning and end is one line of the log."""
    house = House()
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
    """A client that was suspended before stays so under either policy, however old the copy is."""
    house = House(policy)
    await house.engine.suspend("A", NOON)
    await house.revocations.refresh()
    house.seconds += 3_600
    assert house.revocations.is_suspended("A")


@asynchronous
async def test_revocations_are_no_suspensions() -> None:
    """A revoked client is not suspended, a suspended one is not revoked, and the log tells of suspensions alone."""
    house = House()
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
    """The instance that revokes needs no read to know, and another needs one."""
    here = House()
    elsewhere = House(engine=here.engine)
    await here.revocations.refresh()
    await elsewhere.revocations.refresh()
    await here.revocations.revoke_client("A", 900)
    assert here.is_revoked()
    assert not elsewhere.is_revoked()
    await elsewhere.revocations.refresh()
    assert elsewhere.is_revoked()


@asynchronous
async def test_the_later_revocation_of_a_client_stays() -> None:
    """A clock that went back does not make tokens count again."""
    house = House()
    await house.revocations.refresh()
    await house.revocations.revoke_client("A", 900)
    house.now -= 60 * SECOND
    await house.revocations.revoke_client("A", 900)
    assert house.is_revoked()


@asynchronous
async def test_what_ended_is_not_revoked() -> None:
    """A revocation ends with its time, at the next read."""
    house = House()
    await house.revocations.revoke_token("ab", 900)
    house.now += 900 * SECOND
    await house.revocations.refresh()
    assert not house.is_revoked()


class Slow(BreakableState):
    """Its answers to reads are old when they arrive."""

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
    """A read that began before a revocation and ends after it does not hide it."""
    engine = Slow()
    house = House(engine=engine)
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
    """A copy is fresh up to one second after the read began, however long the read took."""
    engine = Slow()
    house = House(engine=engine)
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
    """With a copy that is too old, or none yet, whatever is asked is refused as while the engine is down."""
    house = House("refuse")
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
async def test_going_on_with_an_old_copy() -> None:
    """Going on means that the old copy is asked, and a line in the log."""
    house = House("continue")
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
    """It is refused, and nothing counts as revoked that the other instances would not know."""
    house = House(policy)
    await house.revocations.refresh()
    house.engine.up = False
    with pytest.raises(SnapError):
        await house.revocations.revoke_token("ab", 900)
    assert not house.is_revoked()


@asynchronous
async def test_it_is_kept_fresh() -> None:
    """Within the block the copy is read before anything, then twice a second; after it no more."""
    house = House()
    async with house.revocations.refreshing():
        assert house.revocations.is_fresh
        began, second, third = [await house.engine.reads.get() for _ in range(3)]
    assert REFRESH_SECONDS * 0.9 < second - began < REFRESH_SECONDS * 1.4
    assert REFRESH_SECONDS * 1.9 < third - began < REFRESH_SECONDS * 2.4
    await asyncio.sleep(REFRESH_SECONDS * 1.2)
    assert house.engine.reads.empty()


@asynchronous
async def test_concurrent_revocations_share_their_time() -> None:
    """Revocations do not wait for one another, nor for a read that is under way."""
    engine = Slow()
    house = House(engine=engine)
    read = asyncio.create_task(house.revocations.refresh())
    await engine.reading.wait()
    await asyncio.gather(*(house.revocations.revoke_token(name, 900) for name in ("ab", "cd")))
    assert not read.done()
    engine.gate.set()
    await read
    assert house.is_revoked()


@asynchronous
async def test_an_engine_that_goes_and_comes() -> None:
    """It may be down at the start; its being down and its coming back are a line each, however often it is read."""
    house = House()
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
async def test_an_end_while_it_reads() -> None:
    """The block ends though a read is under way."""
    engine = Slow()
    engine.gate.set()
    async with House(engine=engine).revocations.refreshing():
        engine.gate.clear()
        for _ in range(2):
            await engine.reads.get()
