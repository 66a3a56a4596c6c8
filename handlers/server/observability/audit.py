"""One audit log line for each decision: the caller, the answer and the reason. No token, signature or key."""

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
    """Writes audit lines, and a warning when a clock appears to be wrong."""

    def __init__(self, subject: str, services: Callable[[], Services]) -> None:
        self._refused, self._failed = f"{subject}.refused", f"{subject}.failed"
        self._clock_alarm = ClockSkewAlarm(lambda: services().clients)
        self._log = structlog.get_logger().bind()

    def record(self, event: str | None, log_fields: LogFields, answer: Response, error: Exception | None) -> None:
        """Write one line: a refusal, a failure with its traceback, or a success that has an `event`."""
        fields = {**log_fields, "response_code": answer.code}
        if isinstance(error, SnapError):
            self._log.warning(self._refused, **fields, outcome="refused", reason=error.reason, **_error_fields(error))
        elif error:
            self._log.error(self._failed, **fields, outcome="failed", reason=_UNEXPECTED, exc_info=error)
        elif event:
            self._log.info(event, **fields, outcome=event.rpartition(".")[2])
        if error is None:
            self._clock_alarm.issued(log_fields)

    def judge_clock(self, log_fields: LogFields, headers: RequestHeaders, error: SnapError, now: datetime) -> None:
        """Check whether a refusal shows a wrong clock.

        Call this after the answer is sent, because it verifies a signature.
        """
        self._clock_alarm.refused(log_fields, headers, error, now)


def _error_fields(error: SnapError) -> Mapping[str, str]:
    return {"field": error.field, **error.log_fields} if error.field else error.log_fields
