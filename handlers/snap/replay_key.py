"""What is remembered of a request so that its repeat is known: under which key, and for how many seconds."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from math import ceil

from handlers.snap.timestamp import JAKARTA, parse
from handlers.snap.token import CLOCKS_APART

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReplayKey:
    """The key, and how long it is to be remembered from now on.

    The key is 32 hexadecimal digits, at least 24 of them of SHA-256, so that no two requests meet. It tells nothing of
    the request, or its second at the most. `signed_at` is its X-TIMESTAMP.
    """

    key: str
    ttl_seconds: int
    signed_at: datetime


def of_token_request(client_key: str, timestamp: str, tolerance: timedelta) -> ReplayKey:
    """The mark of one signed request for a token: all that is signed of it, once the signature is known to be good.

    Its window is twice the tolerance wide; clocks apart from ours may see it open a little longer.
    """
    # Keys of one time lie together: an engine that sorts them writes few pages.
    signed_at = parse(timestamp)
    second = f"{int(signed_at.timestamp()):08x}"
    key = second + _digest("token request", client_key, timestamp)[:24]
    return ReplayKey(key, ceil((2 * tolerance + CLOCKS_APART).total_seconds()), signed_at)


def of_call(client_key: str, timestamp: str, external_id: str, now: datetime, tolerance: timedelta) -> ReplayKey:
    """The mark of one call: X-EXTERNAL-ID is unique for its client within a day (ASPI), Jakarta's, of X-TIMESTAMP.

    Remembered until that day ends and twice the tolerance beyond. The timestamp is one that is inside the window.
    """
    signed_at = parse(timestamp)
    day = signed_at.astimezone(JAKARTA).date()
    end = datetime.combine(day, time(), JAKARTA) + _DAY
    key = _digest("call", client_key, day.isoformat(), external_id)[:32]
    return ReplayKey(key, ceil((end - now + 2 * tolerance).total_seconds()), signed_at)


def _digest(*parts: str) -> str:
    """SHA-256, hexadecimal, over a line each: no part holds the end of one."""
    return sha256("\n".join(parts).encode()).hexdigest()
