"""One audit line for each decision: who asked, what the answer was, and why. Never a token, a signature or a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import uuid4

import structlog

from handlers.server.answer import Answer
from handlers.server.guard import Headers
from handlers.server.own_clock import OwnClock
from handlers.snap.client import CLIENT_KEY, Clients
from handlers.snap.codes import SnapError
from handlers.snap.timestamp import skew

_UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of its sender, as far as it is well-formed."""

    client_key: str | None
    clock_skew_seconds: float | None

    @classmethod
    def of(cls, headers: Headers, now: datetime) -> Self:
        """Read X-CLIENT-KEY and X-TIMESTAMP; each is None if it is absent, malformed, or comes twice."""
        client_key = _only(headers, b"x-client-key")
        well_formed = client_key is not None and CLIENT_KEY.fullmatch(client_key)
        return cls(client_key if well_formed else None, _seconds(_only(headers, b"x-timestamp"), now))


def _only(headers: Headers, wanted: bytes) -> str | None:
    values = [value for name, value in headers if name == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else None


def _seconds(timestamp: str | None, now: datetime) -> float | None:
    """How far the caller's clock is ahead, in seconds; negative when it is behind."""
    if timestamp is None:
        return None
    try:
        return round(skew(timestamp, now).total_seconds(), 3)
    except ValueError:
        return None


class Audit:
    """Writes the lines, and one more when our own clock becomes suspect."""

    def __init__(self, clients: Clients) -> None:
        self._own_clock = OwnClock(clients)
        self._log = structlog.get_logger().bind()

    def record(self, caller: Caller, remote: str | None, answer: Answer, error: Exception | None) -> None:
        """Write the line: `token.issued`, `token.refused`, or `token.failed` with a traceback."""
        facts = {
            "request_id": uuid4().hex,
            "client_key": caller.client_key,
            "remote": remote,
            "response_code": answer.code,
            "clock_skew_seconds": caller.clock_skew_seconds,
        }
        if error is None:
            self._log.info("token.issued", **facts, outcome="issued")
        elif isinstance(error, SnapError):
            self._log.warning("token.refused", **facts, outcome="refused", reason=error.reason, **_named(error))
        else:
            self._log.error("token.failed", **facts, outcome="failed", reason=_UNEXPECTED, exc_info=error)
        self._watch_own_clock(caller, error)

    def _watch_own_clock(self, caller: Caller, error: Exception | None) -> None:
        if caller.client_key is None or caller.clock_skew_seconds is None:
            return
        reason = None if error is None else getattr(error, "reason", _UNEXPECTED)
        if self._own_clock.becomes_suspect(caller.client_key, caller.clock_skew_seconds, reason):
            advice = "all requests are off alike: compare this machine's clock, and the clients', with a time server"
            self._log.error("clock.suspect", clients_are_ahead_by_seconds=caller.clock_skew_seconds, advice=advice)


def _named(error: SnapError) -> Mapping[str, str]:
    return {"field": error.field, **error.facts} if error.field else error.facts
