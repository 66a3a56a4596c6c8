"""One log line for each decision: the caller, the answer and the reason. No token, signature or key.

Log lines may be lost. The audit trail (`handlers.audit`) records the same decisions so that a loss shows.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.http.response import Response
from handlers.server.observability.clock_skew_alarm import ClockSkewAlarm
from handlers.server.observability.fields import LogFields
from handlers.server.observability.metrics.decisions import CountDecision, record_clock_skew
from handlers.server.observability.metrics.definitions import OTHER
from handlers.server.observability.rate_limit import RateLimit
from handlers.services import Services
from handlers.snap.codes import TOO_MANY_REQUESTS, SnapError

MOST_A_SECOND = 10
"""Maximum number of lines per second about requests beyond a limit (429). The metrics count all of them."""

_UNEXPECTED = "unexpected"
_ANSWERED = "answered"
"""The outcome of a success without an event."""


class DecisionLog:
    """Logs decisions, counts them for the metrics, and warns when a clock appears to be wrong."""

    def __init__(self, subject: str, services: Callable[[], Services], count: CountDecision) -> None:
        self._services, self._count = services, count
        self._refused, self._failed = f"{subject}.refused", f"{subject}.failed"
        self._rate = RateLimit(MOST_A_SECOND)
        self._clock_alarm = ClockSkewAlarm(lambda: services().clients)
        self._log = structlog.get_logger().bind()

    def record(
        self,
        event: str | None,
        log_fields: LogFields,
        answer: Response,
        error: Exception | None,
        operation: str = OTHER,
    ) -> None:
        """Count the decision. Log a refusal, a failure with its traceback, or a success that has an `event`."""
        outcome, reason = _outcome(event, error)
        code = answer.code
        self._count(self._services(), operation, (outcome, code, reason), log_fields, answer)
        fields = {**log_fields, "response_code": code}
        if isinstance(error, SnapError):
            if error.code is TOO_MANY_REQUESTS and not self._rate.allows(self._services().now()):
                return
            self._log.warning(self._refused, **fields, outcome=outcome, reason=reason, **_error_fields(error))
        elif error:
            self._log.error(self._failed, **fields, outcome=outcome, reason=reason, exc_info=error)
        elif event:
            self._log.info(event, **fields, outcome=outcome)
        if error is None:
            self._clock_alarm.issued(log_fields)

    def judge_clock(self, log_fields: LogFields, headers: RequestHeaders, error: SnapError, now: datetime) -> None:
        """Check whether a refusal shows a wrong clock.

        Call this after the answer is sent, because it verifies a signature.
        """
        if self._clock_alarm.refused(log_fields, headers, error, now):
            record_clock_skew(self._services(), log_fields)


def _outcome(event: str | None, error: Exception | None) -> tuple[str, str]:
    """The outcome and the reason. The reason of a success is empty."""
    if isinstance(error, SnapError):
        return "refused", error.reason
    if error:
        return "failed", _UNEXPECTED
    return event.rpartition(".")[2] if event else _ANSWERED, ""


def _error_fields(error: SnapError) -> Mapping[str, str]:
    return {"field": error.field, **error.log_fields} if error.field else error.log_fields
