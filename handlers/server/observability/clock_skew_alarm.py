"""Whether a clock is wrong, ours or a client's. Only genuine signatures count, so a forger cannot raise an alarm."""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime
from statistics import median

import structlog

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.fields import LogFields
from handlers.server.observability.rate_limit import RateLimit
from handlers.snap.client import Clients
from handlers.snap.codes import SnapError

ENOUGH = 3
"""Refusals of a client in a row, without a token between them. A median needs as many tokens, too."""

MEDIAN_OF = 5
"""The last tokens of a client."""

ALIKE_SECONDS = 30.0
"""Skews that differ by no more have the same cause."""

MOST_A_SECOND = 10
"""Requests refused for the clock whose signatures are verified; further ones in that second are ignored."""

_REASONS = frozenset({"clock.behind", "clock.ahead"})
_SUSPECT = "compare this machine's clock, and the client's, with a time server"
_DRIFTING = f"{_SUSPECT}; beyond the tolerance its requests are refused"

_log = structlog.get_logger()


class ClientClock:
    """The skews of one client's genuine requests: how many seconds it is ahead of us."""

    def __init__(self) -> None:
        self._refused: deque[float] = deque(maxlen=ENOUGH)
        self._accepted: deque[float] = deque(maxlen=MEDIAN_OF)
        self._suspected = self._drifting = False

    def becomes_suspect(self, ahead: float) -> bool:
        """Count a refusal for the clock. True once, when `ENOUGH` in a row are off by about the same."""
        self._refused.append(ahead)
        alike = len(self._refused) == ENOUGH and max(self._refused) - min(self._refused) <= ALIKE_SECONDS
        before, self._suspected = self._suspected, self._suspected or alike
        return alike and not before

    def starts_drifting(self, ahead: float, tolerance_seconds: float) -> float | None:
        """Count a token. Returns the median skew once, when it exceeds half the tolerance.

        It is returned again only after the median was within a quarter of the tolerance.
        """
        self._refused.clear()
        self._suspected = False
        self._accepted.append(ahead)
        if not self._drifting and abs(ahead) <= tolerance_seconds / 2:
            return None  # The usual case: this token moves the median back.
        middle = median(self._accepted)
        before, limit = self._drifting, tolerance_seconds / (4 if self._drifting else 2)
        self._drifting = abs(middle) > limit and len(self._accepted) >= ENOUGH
        return middle if self._drifting and not before else None


class ClockSkewAlarm:
    """Watches the clocks of all clients in the settings, and logs what is wrong with one."""

    def __init__(self, clients: Callable[[], Clients]) -> None:
        self._clients = clients
        self._clocks: defaultdict[str, ClientClock] = defaultdict(ClientClock)
        self._rate = RateLimit(MOST_A_SECOND)

    def issued(self, log_fields: LogFields) -> None:
        """Count a token that was issued."""
        client_key, ahead = log_fields.get("client_key"), log_fields.get("clock_skew_seconds")
        if not isinstance(client_key, str) or not isinstance(ahead, float):
            return
        tolerance = self._clients().find(client_key).clock_tolerance.total_seconds()
        middle = self._clocks[client_key].starts_drifting(ahead, tolerance)
        if middle is not None:
            found = {"client_key": client_key, "client_is_ahead_by_seconds": middle, "tolerance_seconds": tolerance}
            _log.warning("clock.drifting", **found, advice=_DRIFTING)

    def refused(self, log_fields: LogFields, sent: RequestHeaders, error: SnapError, now: datetime) -> None:
        """Count a refusal for the clock, if its signature holds. Call this after the answer is sent.

        Verifying is the same work for every client, known or not.
        """
        client_key, ahead = log_fields.get("client_key"), log_fields.get("clock_skew_seconds")
        if error.reason not in _REASONS or not isinstance(client_key, str) or not isinstance(ahead, float):
            return
        is_checked = self._rate.allows(now) and _is_signed(client_key, sent, self._clients())
        if is_checked and self._clocks[client_key].becomes_suspect(ahead):
            found = {"client_key": client_key, "clients_are_ahead_by_seconds": ahead}
            _log.error("clock.suspect", **found, advice=_SUSPECT)


def _is_signed(client_key: str, sent: RequestHeaders, clients: Clients) -> bool:
    try:
        clients.find(client_key).require_signature(client_key, sent.get(b"x-timestamp"), sent.get(b"x-signature"))
    except SnapError:
        return False
    return True
