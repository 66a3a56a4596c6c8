"""What sets the documents that are served apart: functions, checks, service codes, and what the log is to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from handlers.server.http import limits, request_headers
from handlers.server.observability.fields import LogFields
from handlers.server.openapi.security import Checks
from handlers.services import Services
from handlers.snap.codes import SnapError

Explain = Callable[[request_headers.RequestHeaders, SnapError, Services, datetime], LogFields]
"""What the log is to say of a refusal besides."""


@dataclass(frozen=True, slots=True)
class Api:
    """One document and all that is not in it.

    `functions` and `events` go by operationId; an operation without an event is not logged when it succeeds. `subject`
    begins the names of all other events. `echo` names the fact that goes back as X-CLIENT-KEY. `service_code` and
    `challenge` are asked about a refusal, with the path of the request. `largest_body` is for bodies of any kind.
    `explain` says more of a refusal for the log, once the answer is sent; None if nothing more is to be said.
    """

    document: Path
    base_path: str
    functions: Mapping[str, Callable[..., object]]
    events: Mapping[str, str]
    subject: str
    service_code: Callable[[str, request_headers.RequestHeaders, SnapError], str]
    challenge: Callable[[str, SnapError], Mapping[str, str]]
    facts: Callable[[request_headers.RequestHeaders, datetime], LogFields]
    echo: str = ""
    checks: Checks = field(default_factory=dict)
    largest_body: int = limits.LARGEST_BODY
    explain: Explain | None = None
