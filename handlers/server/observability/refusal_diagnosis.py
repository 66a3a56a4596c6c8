"""The verdict for the audit line of a refusal: the cheap part of the doctor's reasoning, after the answer is sent."""

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
"""Verdicts; the refusals beyond are logged without one."""


class RefusalDiagnoser:
    """Says why a request was refused, so many times a second."""

    def __init__(self) -> None:
        self._rate = RateLimit(MOST_A_SECOND)
        self._log = structlog.get_logger().bind()

    def __call__(self, sent: RequestHeaders, error: SnapError, services: Services, now: datetime) -> Mapping[str, str]:
        """The field `verdict`, if there is one to give; whatever happens here, the audit line is written."""
        if not self._rate.allows(now):
            return {}
        try:
            found = verdict(error.reason, error.field, _request(sent), services.clients, _form(sent, services))
        except Exception as failure:  # noqa: BLE001  a verdict that cannot be made must not cost the audit line
            self._log.error("verdict.failed", exc_info=failure)
            return {}
        return {"verdict": found.value} if found else {}


def _request(sent: RequestHeaders) -> Request:
    """The headers alone: the body is gone by now."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent.values.items())
    return Request(sent.get(b"x-original-method"), sent.get(b"x-original-uri") or "/", headers)


def _form(sent: RequestHeaders, services: Services) -> CallForm:
    """Return the form of a call. For a token request and for a call without a form it does not matter."""
    service = services.called_services.get(sent.get(b"x-original-uri").partition("?")[0])
    headers = (sent.get(name) for name in (b"authorization", b"x-client-key", b"x-partner-id"))
    with suppress(SnapError):
        return form_of_call(service.forms if service else DEFAULT_FORMS, *headers)
    return "token"
