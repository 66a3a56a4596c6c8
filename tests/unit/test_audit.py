"""The audit lines."""

from tests.merchant import NOON, Merchant
from tests.nicepay import Nicepay, jakarta


def test_a_suspect_clock_is_told_beside_the_refusal(merchant: Merchant, nicepay: Nicepay) -> None:
    """The third refusal in a row by clients off alike is followed by a line that suspects our own clock."""
    stale = jakarta(NOON.replace(hour=4))
    for _ in range(4):
        merchant.ask(nicepay, stale)
    merchant.ask(nicepay)
    lines = merchant.log()
    assert [line["event"] for line in lines] == [
        *["token.refused"] * 3,
        "clock.suspect",
        "token.refused",
        "token.issued",
    ]
    assert lines[3]["clients_are_ahead_by_seconds"] == -3600.25
    assert "time server" in lines[3]["advice"]
