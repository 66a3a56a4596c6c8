"""When our own clock is suspect."""

from datetime import timedelta

import pytest

from handlers.server.own_clock import OwnClock
from handlers.snap.client import Client, Clients
from tests.nicepay import Nicepay

Decision = tuple[str, float, str | None]
BEHIND = "clock.behind"


def _clock(nicepay: Nicepay, *clients: str) -> OwnClock:
    key = nicepay.private_key.public_key()
    known = [Client(client, (key,), timedelta(seconds=300)) for client in clients]
    clients_of_now = Clients(known, lambda _bits: key)
    return OwnClock(lambda: clients_of_now)


@pytest.mark.parametrize(
    ("clients", "decisions", "told"),
    [
        ("A", [("A", -400, BEHIND)] * 2, 0),
        ("A", [("A", -400, BEHIND)] * 3, 1),
        ("A", [("A", -400, BEHIND)] * 9, 1),
        ("A", [("A", -400, BEHIND), ("A", 1, None)] * 3, 0),
        ("A", [("A", -400, BEHIND), ("A", -400, "body.not_json")] * 3, 1),
        ("A", [("A", -400, BEHIND), ("A", -431, BEHIND), ("A", -400, BEHIND)], 0),
        ("A", [("A", -400, BEHIND), ("A", -430, BEHIND), ("A", -400, BEHIND)], 1),
        ("A", [("A", 400, "clock.ahead")] * 3, 1),
        ("A", [("A", -25200, "clock.local_time_labelled_jakarta")] * 3, 0),
        ("A", [("X", -400, BEHIND)] * 3, 0),
        ("A", [("A", -400, BEHIND)] * 3 + [("A", 0, None)] + [("A", -400, BEHIND)] * 3, 2),
        ("AB", [("A", -400, BEHIND)] * 5, 0),
        ("AB", [("A", -400, BEHIND)] * 3 + [("B", -410, BEHIND)], 1),
    ],
)
def test_clients_that_are_off_alike_raise_suspicion_once(
    nicepay: Nicepay, clients: str, decisions: list[Decision], told: int
) -> None:
    """Three refusals in a row by clients off alike, of two where there are two, are told once, until one agrees."""
    clock = _clock(nicepay, *clients)
    assert sum(clock.becomes_suspect(*decision) for decision in decisions) == told
