"""The key by which the state store recognises a repeated request, and for how many seconds it remembers the key."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from math import ceil
from typing import Self

from handlers.snap.timestamp import JAKARTA, parse
from handlers.snap.token import MAX_CLOCK_SKEW

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReplayKey:
    """Identifies one request, so that the state store can detect a replay.

    Attributes:
        key: 32 hexadecimal digits. At least 24 of them come from SHA-256, so two requests never share a key. The key
            reveals at most the second in which the client signed the request.
        ttl_seconds: The seconds for which the state store must remember the key, from now on.
        signed_at: The request's X-TIMESTAMP.
    """

    key: str
    ttl_seconds: int
    signed_at: datetime

    @classmethod
    def of_token_request(cls, client_key: str, timestamp: str, tolerance: timedelta) -> Self:
        """Return the key of a token request whose signature is valid. It covers everything that the client signed.

        The window of the request is twice the tolerance wide. An instance with another clock may see the window open
        for up to `MAX_CLOCK_SKEW` longer.

        Raises:
            ValueError: `timestamp` is not a timestamp.
        """
        return cls._of_window(timestamp, tolerance, _digest("token request", client_key, timestamp))

    @classmethod
    def of_notification(cls, client_key: str, timestamp: str, body: bytes, tolerance: timedelta) -> Self:
        """Return the key of a notification, which has no X-EXTERNAL-ID (NICEPAY, notifications).

        The key covers what the client signed, and the body. So two notifications of one second have different keys, and
        a copy has the key of its original.

        Raises:
            ValueError: `timestamp` is not a timestamp.
        """
        digest = _digest("notification", client_key, timestamp, sha256(body).hexdigest())
        return cls._of_window(timestamp, tolerance, digest)

    @classmethod
    def of_call(cls, client_key: str, timestamp: str, external_id: str, now: datetime, tolerance: timedelta) -> Self:
        """Return the key of a call with an X-EXTERNAL-ID, with or without a token.

        A client uses an X-EXTERNAL-ID once a day (ASPI), by the date of X-TIMESTAMP. Days begin at midnight in Jakarta.
        The key must be remembered until the day ends, and twice the tolerance longer. `timestamp` must be inside the
        client's window.

        Both forms share the key. If the client signs with an empty token slot, one signature is valid in both.

        Raises:
            ValueError: `timestamp` is not a timestamp.
        """
        signed_at = parse(timestamp)
        day = signed_at.astimezone(JAKARTA).date()
        end = datetime.combine(day, time(), JAKARTA) + _DAY
        key = _digest("call", client_key, day.isoformat(), external_id)[:32]
        return cls(key, ceil((end - now + 2 * tolerance).total_seconds()), signed_at)

    @classmethod
    def _of_window(cls, timestamp: str, tolerance: timedelta, digest: str) -> Self:
        """Return a key that counts while the window of the request is open."""
        signed_at = parse(timestamp)
        # The key begins with the time. An engine that sorts its keys then writes to few pages.
        second = f"{int(signed_at.timestamp()):08x}"
        return cls(second + digest[:24], _window_seconds(tolerance), signed_at)


@lru_cache
def _window_seconds(tolerance: timedelta) -> int:
    return ceil((2 * tolerance + MAX_CLOCK_SKEW).total_seconds())


def _digest(*parts: str) -> str:
    """SHA-256 in hexadecimal. Each part is one line. No part contains a line break."""
    return sha256("\n".join(parts).encode()).hexdigest()
