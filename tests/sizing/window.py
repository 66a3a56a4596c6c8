"""A simulation: honest clients with clocks that drift and a network that loses, against the window and the state store.

The server's own code decides: `require_in_window` on the timestamp, `ReplayKey` and a state store on a repeat. The
random numbers have a seed, so each run has the same result.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import cycle
from random import Random

from handlers.snap.codes import SnapError
from handlers.snap.replay_key import ReplayKey
from handlers.snap.timestamp import render, require_in_window
from handlers.state.memory import MemoryState
from handlers.state.port import State
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY

SEED = 20_261_129
PAUSES = (5, 30, 60)
"""Seconds between the attempts of a client that gets no answer."""
LOSS = 0.05
"""The share of attempts whose request is lost, and the share whose answer is lost."""
DELAY_SECONDS, SLOW_SHARE, SLOW_SECONDS = 0.2, 0.01, 20.0
"""The median delay of a request, and the delay of the slow ones."""

CLIENTS = 400
DRIFTS = tuple(range(0, 61, 2))
"""Seconds a day."""
CURVES = tuple((tolerance, days) for tolerance in (300, 60) for days in (7, 30))
"""The tolerance in seconds, and the days between two corrections of a client's clock."""


@dataclass(frozen=True)
class Policy:
    """What a client does without an answer. `regions` is how many regions decide alone, in turn."""

    pauses: tuple[int, ...] = PAUSES
    signs_anew: bool = False
    renews_id: bool = False
    regions: int = 1


POLICIES = {
    "once": Policy(pauses=()),
    "same": Policy(),
    "anew": Policy(signs_anew=True),
    "new id": Policy(signs_anew=True, renews_id=True),
    "regions": Policy(regions=2),
}
CALLS = 5_000


@dataclass
class Outcome:
    """How many calls ended in each way, and how many the merchant's service got at least twice."""

    calls: int = 0
    success: int = 0
    repeat: int = 0
    refused: int = 0
    unanswered: int = 0
    twice: int = 0

    def share(self, name: str) -> float:
        """The share of the calls in percent."""
        return 100 * float(getattr(self, name)) / self.calls


@dataclass
class Network:
    """Loses and delays what a client sends."""

    random: Random
    loss: float = LOSS

    def loses(self) -> bool:
        return self.random.random() < self.loss

    def delay(self) -> timedelta:
        slow = SLOW_SECONDS if self.random.random() < SLOW_SHARE else 0.0
        return timedelta(seconds=self.random.lognormvariate(0, 1) * DELAY_SECONDS + slow)


@dataclass
class Server:
    """One server, or a server for each region that decides alone."""

    tolerance: timedelta
    states: Iterator[State]
    accepted: int = 0

    async def decide(self, timestamp: str, external_id: str, now: datetime) -> str:
        """The way in which a call ends: the name of a member of `Outcome`."""
        try:
            require_in_window(timestamp, now, self.tolerance)
        except SnapError:
            return "refused"
        key = ReplayKey.of_call(CLIENT_KEY, timestamp, external_id, now, self.tolerance)
        if await next(self.states).first_seen(key.key, key.ttl_seconds, now, key.signed_at):
            return "repeat"
        self.accepted += 1
        return "success"


@dataclass
class Client:
    """A client whose clock is ahead by `offset`. It stops at the first answer."""

    policy: Policy
    network: Network
    offset: timedelta = timedelta()
    attempts: int = field(default=0, init=False)

    async def call(self, server: Server, name: str, began: datetime) -> str:
        """The way in which its call ends."""
        sent, signed = began, render(began + self.offset)
        for pause in (0, *self.policy.pauses):
            sent += timedelta(seconds=pause)
            if self.policy.signs_anew:
                signed = render(sent + self.offset)
            external_id = f"{name}-{sent:%H%M%S}" if self.policy.renews_id else name
            if self.network.loses():
                continue
            end = await server.decide(signed, external_id, sent + self.network.delay())
            if not self.network.loses():
                return end
        return "unanswered"


async def _outcome(policy: Policy, tolerance: int) -> Outcome:
    network, outcome = Network(Random(SEED)), Outcome()
    states = cycle([MemoryState() for _ in range(policy.regions)])
    for number in range(CALLS):
        server = Server(timedelta(seconds=tolerance), states)
        end = await Client(policy, network).call(server, f"ordNo{number}", NOON)
        setattr(outcome, end, getattr(outcome, end) + 1)
        outcome.calls += 1
        outcome.twice += server.accepted > 1
    return outcome


@cache
def outcome(policy: Policy, tolerance: int = 300) -> Outcome:
    """The ways in which many calls end, from a client whose clock is right."""
    return asyncio.run(_outcome(policy, tolerance))


def refused_percent(drift: float, tolerance: int, days: int) -> float:
    """The share of honest requests whose timestamp is refused, in percent.

    Half of the clients gain `drift` seconds a day, and half lose them. Their requests spread evenly over the `days`
    between two corrections of the clock. They are sent once, on a network that delays them and loses none.
    """
    network, window = Network(Random(SEED)), timedelta(seconds=tolerance)
    refused = 0
    for number in range(CLIENTS):
        off = timedelta(seconds=drift * days * (number + 0.5) / CLIENTS) * (-1 if number % 2 else 1)
        try:
            require_in_window(render(NOON + off), NOON + network.delay(), window)
        except SnapError:
            refused += 1
    return 100 * refused / CLIENTS


@cache
def curves() -> dict[tuple[int, int], list[float]]:
    """The share of refused requests in percent for each drift, by tolerance and days between corrections."""
    return {curve: [refused_percent(drift, *curve) for drift in DRIFTS] for curve in CURVES}
