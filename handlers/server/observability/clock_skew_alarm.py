"""Detects a wrong clock, ours or a client's. Only valid signatures count, so a forger cannot cause an alarm."""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime
from statistics import median

import structlog

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.fields import LogFields
from handlers.server.observability.rate_limit import RateLimit
from handlers.snap.clients import Clients
from handlers.snap.codes import SnapError

MIN_SAMPLES = 3
"""Consecutive refusals of a client, with no token between them, that cause an alarm. A median needs as many tokens."""

MEDIAN_OF = 5
"""The median is computed from this number of a client's last tokens."""

SAME_CAUSE_SECONDS = 30.0
"""Clock skews that differ by at most this time have the same cause."""

MOST_A_SECOND = 10
"""Maximum number of refusals per second whose signatures are verified. Others in the same second are ignored."""

_REASONS = frozenset({"clock.behind", "clock.ahead"})
_SUSPECT_ADVICE = "compare the clocks of this machine and of the client with a time server"
_DRIFTING_ADVICE = f"{_SUSPECT_ADVICE}; requests beyond the clock tolerance are refused"

_log = structlog.get_logger()


class ClientClock:
    """The clock skews of one client's genuine requests, in seconds. Positive means that the client is ahead of us."""

    def __init__(self) -> None:
        self._refused: deque[tuple[str, float]] = deque(maxlen=MIN_SAMPLES)
        self._accepted: deque[float] = deque(maxlen=MEDIAN_OF)
        self._suspected = self._drifting = False

    def becomes_suspect(self, timestamp: str, ahead: float) -> bool:
        """Count a refusal for clock skew. True once, when `MIN_SAMPLES` consecutive skews are about the same.

        Copies of one signed request count once, because anybody who saw the request can send it again.
        """
        if any(timestamp == counted for counted, _ in self._refused):
            return False
        self._refused.append((timestamp, ahead))
        skews = [each for _, each in self._refused]
        same_cause = len(skews) == MIN_SAMPLES and max(skews) - min(skews) <= SAME_CAUSE_SECONDS
        before, self._suspected = self._suspected, self._suspected or same_cause
        return same_cause and not before

    def starts_drifting(self, ahead: float, tolerance_seconds: float) -> float | None:
        """Count a token. Return the median skew once, when it exceeds half of the tolerance.

        The median is returned again only after it was within a quarter of the tolerance.
        """
        self._refused.clear()
        self._suspected = False
        self._accepted.append(ahead)
        if not self._drifting and abs(ahead) <= tolerance_seconds / 2:
            return None  # The usual case. This token moves the median towards zero.
        middle = median(self._accepted)
        before, limit = self._drifting, tolerance_seconds / (4 if self._drifting else 2)
        self._drifting = abs(middle) > limit and len(self._accepted) >= MIN_SAMPLES
        return middle if self._drifting and not before else None


class ClockSkewAlarm:
    """Watches the clock skew of every client in the settings, and logs a warning about a wrong clock."""

    def __init__(self, clients: Callable[[], Clients]) -> None:
        self._clients = clients
        self._clocks: defaultdict[str, ClientClock] = defaultdict(ClientClock)
        self._rate = RateLimit(MOST_A_SECOND)

    def issued(self, log_fields: LogFields) -> None:
        """Count an issued token."""
        client_key, ahead = log_fields.get("client_key"), log_fields.get("clock_skew_seconds")
        if not isinstance(client_key, str) or not isinstance(ahead, float):
            return
        tolerance = self._clients().find(client_key).clock_tolerance.total_seconds()
        middle = self._clocks[client_key].starts_drifting(ahead, tolerance)
        if middle is not None:
            fields = {"client_key": client_key, "client_is_ahead_by_seconds": middle, "tolerance_seconds": tolerance}
            _log.warning("clock.drifting", **fields, advice=_DRIFTING_ADVICE)

    def refused(self, log_fields: LogFields, headers: RequestHeaders, error: SnapError, now: datetime) -> bool:
        """Count a refusal for clock skew if the signature is valid. Call this after the answer is sent.

        The verification takes the same time for known and unknown clients.

        Returns:
            Whether the signature was verified and is valid.
        """
        client_key, ahead = log_fields.get("client_key"), log_fields.get("clock_skew_seconds")
        if error.reason not in _REASONS or not isinstance(client_key, str) or not isinstance(ahead, float):
            return False
        is_checked = self._rate.allows(now) and _is_signed(client_key, headers, self._clients())
        if is_checked and self._clocks[client_key].becomes_suspect(headers.get(b"x-timestamp"), ahead):
            fields = {"client_key": client_key, "clients_are_ahead_by_seconds": ahead}
            _log.error("clock.suspect", **fields, advice=_SUSPECT_ADVICE)
        return is_checked


def _is_signed(client_key: str, headers: RequestHeaders, clients: Clients) -> bool:
    try:
        clients.find(client_key).require_signature(client_key, headers.get(b"x-timestamp"), headers.get(b"x-signature"))
    except SnapError:
        return False
    return True
