"""What a request says of its sender, as far as it is well-formed: for the log, and for X-CLIENT-KEY of the answer."""

from datetime import datetime

from handlers.server.api import Facts
from handlers.server.guard import Sent
from handlers.snap.client import CLIENT_KEY
from handlers.snap.timestamp import skew


def of_token_request(sent: Sent, now: datetime) -> Facts:
    """X-CLIENT-KEY, and by how many seconds X-TIMESTAMP is ahead; None if absent, malformed, or sent twice."""
    client_key = _only(sent, b"x-client-key")
    return {
        "client_key": client_key if CLIENT_KEY.fullmatch(client_key) else None,
        "clock_skew_seconds": _seconds(_only(sent, b"x-timestamp"), now),
    }


def _only(sent: Sent, name: bytes) -> str:
    return "" if name in sent.repeated else sent.get(name)


def _seconds(timestamp: str, now: datetime) -> float | None:
    """How far the caller's clock is ahead, in seconds; negative when it is behind."""
    try:
        return round(skew(timestamp, now).total_seconds(), 3)
    except ValueError:
        return None
