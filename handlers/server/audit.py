"""One audit line for each decision: who asked, what the answer was, and why. Never a token, a signature or a key."""

from collections.abc import Callable, Mapping

import structlog

from handlers.server.answer import Answer
from handlers.server.api import Facts
from handlers.server.own_clock import OwnClock
from handlers.services import Services
from handlers.snap.codes import SnapError

_UNEXPECTED = "unexpected"


class Audit:
    """Writes the lines, and one more when our own clock becomes suspect."""

    def __init__(self, subject: str, services: Callable[[], Services]) -> None:
        self._refused, self._failed = f"{subject}.refused", f"{subject}.failed"
        self._own_clock = OwnClock(lambda: services().clients)
        self._log = structlog.get_logger().bind()

    def record(self, event: str | None, told: Facts, answer: Answer, error: Exception | None) -> None:
        """Write the line of a success, if it is to have one, of a refusal, or of a failure with its traceback."""
        facts = {**told, "response_code": answer.code}
        if isinstance(error, SnapError):
            self._log.warning(self._refused, **facts, outcome="refused", reason=error.reason, **_named(error))
        elif error:
            self._log.error(self._failed, **facts, outcome="failed", reason=_UNEXPECTED, exc_info=error)
        elif event:
            self._log.info(event, **facts, outcome=event.rpartition(".")[2])
        self._watch_own_clock(told, error)

    def _watch_own_clock(self, told: Facts, error: Exception | None) -> None:
        client_key, skew = told.get("client_key"), told.get("clock_skew_seconds")
        if not isinstance(client_key, str) or not isinstance(skew, float):
            return
        reason = None if error is None else getattr(error, "reason", _UNEXPECTED)
        if self._own_clock.becomes_suspect(client_key, skew, reason):
            advice = "all requests are off alike: compare this machine's clock, and the clients', with a time server"
            self._log.error("clock.suspect", clients_are_ahead_by_seconds=skew, advice=advice)


def _named(error: SnapError) -> Mapping[str, str]:
    return {"field": error.field, **error.facts} if error.field else error.facts
