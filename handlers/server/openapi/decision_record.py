"""The record of a decision for the audit trail. The log has a line for the same decision, which may be lost."""

from collections.abc import Mapping
from hashlib import sha256

from starlette.types import Scope

from handlers.audit.record import Record
from handlers.server.observability.fields import LogFields
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.openapi.api import Api
from handlers.server.openapi.exchange import Exchange
from handlers.services import Services
from handlers.snap.codes import SnapError

_CALL = "call"
_COPIED = ("request_id", "remote", "key", "token", "repeat", "expires_at", "trace_id")
_SENT_BY_CALLER = ("partner_id", "external_id", "method", "path", "form")
"""Fields of calls. A caller chooses their values, so secrets in them are masked."""


async def record_decision(
    api: Api, services: Services, scope: Scope, exchange: Exchange, log_fields: LogFields
) -> bool:
    """Write the decision on this request to the audit trail, if it is a decision.

    Health checks, introspections, and requests that no operation answers are no decisions.

    Returns False if the decision is a success that must be refused, because it cannot be recorded.
    """
    trail, subject = services.audit_trail, api.decisions.get((scope["method"], scope["path"]))
    if trail is None or subject is None:
        return True
    fields = {**_outcome(exchange), **_common(exchange, log_fields), **_client(services, log_fields)}
    if subject == _CALL:
        fields |= _of_call(services, log_fields)
    record = Record(_event(subject, exchange), services.now(), fields)
    return await trail.record(record, is_success=exchange.error is None)


def _event(subject: str, exchange: Exchange) -> str:
    """The name of the event, such as `token.issued` or `call.refused`."""
    return f"{subject}.{_outcome(exchange)['outcome']}" if exchange.error else exchange.event or subject


def _outcome(exchange: Exchange) -> Mapping[str, object]:
    error, code = exchange.error, exchange.response.code if exchange.response else None
    if isinstance(error, SnapError):
        return {"outcome": "refused", "response_code": code, "reason": error.reason, "field": error.field or None}
    if error:
        return {"outcome": "failed", "response_code": code, "reason": "unexpected"}
    return {"outcome": (exchange.event or "").rpartition(".")[2], "response_code": code}


def _common(exchange: Exchange, log_fields: LogFields) -> Mapping[str, object]:
    signature, body = exchange.headers.get(b"x-signature"), exchange.body
    return {
        **{name: log_fields.get(name) for name in _COPIED},
        "signature_sha256": sha256(signature.encode("latin-1")).hexdigest() if signature else None,
        "body_sha256": None if body is None else sha256(body).hexdigest(),
    }


def _client(services: Services, log_fields: LogFields) -> Mapping[str, object]:
    """The client. Before the signature is verified, it is only what the request says."""
    client_key = log_fields.get("client_key") or services.clients.key_of_partner(str(log_fields.get("partner_id")))
    return {"client": SECRET_MASKER.mask(str(client_key)) if client_key else None}


def _of_call(services: Services, log_fields: LogFields) -> Mapping[str, object]:
    service = services.called_services.get(str(log_fields.get("path")))
    sent = {name: SECRET_MASKER.mask(str(value)) for name in _SENT_BY_CALLER if (value := log_fields.get(name))}
    return {"service_code": service.code if service else None, **sent}
