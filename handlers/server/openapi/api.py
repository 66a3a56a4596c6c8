"""An API: one OpenAPI document, and what the server needs besides it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from handlers.server.http import limits, request_headers
from handlers.server.observability.fields import LogFields
from handlers.server.observability.metrics.decisions import CountDecision, count_public_request
from handlers.server.openapi.security import Checks
from handlers.services import Services
from handlers.snap.codes import SnapError
from handlers.snap.refusal_members import RefusalMembers


def no_members(_path: str, _headers: request_headers.RequestHeaders, _refused: SnapError) -> None:
    """No refusal has additional members."""


def every_path(_path: str) -> bool:
    """The limits of requests apply to each path."""
    return True


def no_headers(_path: str, _headers: request_headers.RequestHeaders, _refused: SnapError) -> Mapping[str, str]:
    """No refusal has additional headers."""
    return {}


Explain = Callable[[request_headers.RequestHeaders, SnapError, Services, datetime], LogFields]
"""Returns the log fields that explain a refusal."""


@dataclass(frozen=True, slots=True)
class Api:
    """One document, and what the document does not say.

    Attributes:
        document: The file of the document.
        base_path: The path before all paths of the document.
        functions: The function of each operation, by operationId.
        events: The log event for the success of an operation, by operationId. Without an event, no line is logged.
        subject: The first part of the names of all other log events.
        service_code: Returns the service code of a refusal, for the path and the headers of the request.
        challenge: Returns the header WWW-Authenticate of a refusal, for the path of the request.
        request_fields: Returns log fields from the headers of a request.
        count: Counts an answered request for the metrics.
        operations: The main operations by path, for the metrics of requests that are refused before routing.
        decisions: The decisions that belong in the audit trail: the first part of the names of their events, by the
            method and the path of the request.
        echo: The log field that the response repeats as X-CLIENT-KEY.
        is_limited: Returns whether the limits of requests apply to a path.
        checks: The checks of credentials.
        largest_body: The largest body in bytes, for media types whose content is not parsed.
        refusal_members: Returns additional members for a refusal, for the path and the headers of the request.
        refusal_headers: Returns additional headers for a refusal, for the path and the headers of the request.
        explain: Explains a refusal for the log, after the response is sent. None if refusals are not explained.
    """

    document: Path
    base_path: str
    functions: Mapping[str, Callable[..., object]]
    events: Mapping[str, str]
    subject: str
    service_code: Callable[[str, request_headers.RequestHeaders, SnapError], str]
    challenge: Callable[[str, SnapError], Mapping[str, str]]
    request_fields: Callable[[request_headers.RequestHeaders, datetime], LogFields]
    count: CountDecision = count_public_request
    operations: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    echo: str = ""
    is_limited: Callable[[str], bool] = every_path
    checks: Checks = field(default_factory=dict)
    largest_body: int = limits.LARGEST_BODY
    refusal_members: Callable[[str, request_headers.RequestHeaders, SnapError], RefusalMembers | None] = no_members
    refusal_headers: Callable[[str, request_headers.RequestHeaders, SnapError], Mapping[str, str]] = no_headers
    explain: Explain | None = None
