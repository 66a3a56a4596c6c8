"""One audit line for each decision: who asked, what the answer was, and why. Never a token, a signature or a key."""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.http.response import Response
from handlers.server.observability.clock_skew_alarm import ClockSkewAlarm
from handlers.server.observability.fields import LogFields
from handlers.services import Services
from handlers.snap.codes import SnapError

_UNEXPECTED = "unexpected"


class Audit:
    """Writes the lines, and one more when a clock becomes suspect."""

    def __init__(self, subject: str, services: Callable[[], Services]) -> None:
        self._refused, self._failed = f"{subject}.refused", f"{subject}.failed"
        self._own_clock = ClockSkewAlarm(lambda: services().clients)
        self._log = structlog.get_logger().bind()

    def record(self, event: str | None, log_fields: LogFields, answer: Response, error: Exception | None) -> None:
        """Write the line of a success, if it is to have one, of a refusal, or of a failure with its traceback."""
        facts = {**log_fields, "response_code": answer.code}
        if isinstance(error, SnapError):
            self._log.warning(self._refused, **facts, outcome="refused", reason=error.reason, **_named(error))
        elif error:
            self._log.error(self._failed, **facts, outcome="failed", reason=_UNEXPECTED, exc_info=error)
        elif event:
            self._log.info(event, **facts, outcome=event.rpartition(".")[2])
        if error is None:
            self._own_clock.issued(log_fields)

    def judge_clock(self, log_fields: LogFields, sent: RequestHeaders, error: SnapError, now: datetime) -> None:
        """Judge whether a refusal shows a wrong clock. Call it after the answer is sent: it verifies a signature."""
        self._own_clock.refused(log_fields, sent, error, now)


def _named(error: SnapError) -> Mapping[str, str]:
    return {"field": error.field, **error.log_fields} if error.field else error.log_fields
