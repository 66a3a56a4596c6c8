"""Counts each answered request: the only place that turns a decision into metrics."""

from collections.abc import Callable

from handlers.server.http.response import Response
from handlers.server.observability.fields import LogFields
from handlers.server.observability.metrics.definitions import (
    CALL_AUTHORIZATIONS,
    CLIENT_CLOCK_SKEW,
    INTERNAL_REQUESTS,
    OTHER,
    REPEATS,
    TOKEN_REQUESTS,
)
from handlers.server.observability.metrics.pending import PendingCounts, PendingObservations
from handlers.services import Services

_NO_SERVICE = "00"
_AUTHORIZE = frozenset({"authorizeCall", "authorizeCallWithoutBody"})
_REPEATED = frozenset({"request.repeated", "call.repeated"})

_token_requests = PendingCounts(TOKEN_REQUESTS)
_call_authorizations = PendingCounts(CALL_AUTHORIZATIONS)
_internal_requests = PendingCounts(INTERNAL_REQUESTS)
_repeats = PendingCounts(REPEATS)
_clock_skews = PendingObservations(CLIENT_CLOCK_SKEW)

Verdict = tuple[str, str, str]
"""The outcome, the response code, and the reason, which is empty for a success."""

CountDecision = Callable[[Services, str, Verdict, LogFields, Response], None]
"""Counts the answer to a request. The second argument is the operation, the fourth are the fields of its log line."""


def count_public_request(
    services: Services, operation: str, verdict: Verdict, log_fields: LogFields, _answer: Response
) -> None:
    """Count a request on the public listener."""
    client = _label(services, log_fields.get("client_key"))
    _token_requests[client, *verdict] += 1
    _count_verified(client, operation, verdict, log_fields)


def count_internal_request(
    services: Services, operation: str, verdict: Verdict, log_fields: LogFields, answer: Response
) -> None:
    """Count a request on the internal listener."""
    if operation not in _AUTHORIZE:
        outcome, code, _reason = verdict
        _internal_requests[operation, outcome, code] += 1
        return
    client = _label(services, answer.headers.get("X-Client-Key") or _named_client(services, log_fields))
    service = services.called_services.get(str(log_fields.get("path")))
    _call_authorizations[client, service.code if service else _NO_SERVICE, *verdict] += 1
    _count_verified(client, operation, verdict, log_fields)


def record_clock_skew(services: Services, log_fields: LogFields) -> None:
    """Record the clock skew of a token request whose signature was verified after its refusal."""
    if "key" not in log_fields:
        _record_skew(_label(services, log_fields.get("client_key")), log_fields)


def _count_verified(client: str, operation: str, verdict: Verdict, log_fields: LogFields) -> None:
    """Record what is only known if the signature is valid. Then the log fields name the key."""
    if "key" in log_fields:
        _record_skew(client, log_fields)
        if log_fields.get("repeat") or verdict[2] in _REPEATED:
            _repeats[client, operation] += 1


def _record_skew(client: str, log_fields: LogFields) -> None:
    seconds = log_fields.get("clock_skew_seconds")
    if isinstance(seconds, float):
        _clock_skews[client](seconds)


def _named_client(services: Services, log_fields: LogFields) -> object:
    """The client that a refused call names: by X-CLIENT-KEY, or by X-PARTNER-ID."""
    return log_fields.get("client_key") or services.clients.key_of_partner(str(log_fields.get("partner_id")))


def _label(services: Services, client_key: object) -> str:
    return client_key if isinstance(client_key, str) and client_key in services.clients else OTHER
