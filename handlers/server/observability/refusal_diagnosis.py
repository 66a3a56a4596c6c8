"""The `verdict` field in the log line of a refusal, from the cheap part of the doctor's diagnosis."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from handlers.doctor.log_verdict import verdict
from handlers.doctor.request import Request
from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.rate_limit import RateLimit
from handlers.services import Services
from handlers.snap.call_form import CallForm, form_of_call
from handlers.snap.codes import SnapError
from handlers.snap.service import DEFAULT_FORMS

MOST_A_SECOND = 10
"""Maximum number of verdicts per second. Further refusals are logged without a verdict."""


class RefusalDiagnoser:
    """Finds out why a request was refused, at most `MOST_A_SECOND` times per second.

    Call it after the answer is sent, because it takes time.
    """

    def __init__(self) -> None:
        self._rate = RateLimit(MOST_A_SECOND)
        self._log = structlog.get_logger().bind()

    def __call__(
        self, headers: RequestHeaders, error: SnapError, services: Services, now: datetime
    ) -> Mapping[str, str]:
        """The log field `verdict`, or no field if there is no verdict. It never raises an error."""
        if not self._rate.allows(now):
            return {}
        try:
            found = verdict(error.reason, error.field, _request(headers), services.clients, _form(headers, services))
        except Exception as failure:  # noqa: BLE001  the log line must be written even if the diagnosis fails
            self._log.error("verdict.failed", exc_info=failure)
            return {}
        return {"verdict": found.value} if found else {}


def _request(headers: RequestHeaders) -> Request:
    """The request without its body, which is no longer available."""
    lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.values.items())
    return Request(headers.get(b"x-original-method"), headers.get(b"x-original-uri") or "/", lines)


def _form(headers: RequestHeaders, services: Services) -> CallForm:
    """The form of a call. It does not matter for a token request, or for a call whose headers fit no form."""
    service = services.called_services.get(headers.get(b"x-original-uri").partition("?")[0])
    told_by = (headers.get(name) for name in (b"authorization", b"x-client-key", b"x-partner-id"))
    with suppress(SnapError):
        return form_of_call(service.forms if service else DEFAULT_FORMS, *told_by)
    return "token"
