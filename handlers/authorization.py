"""A call to the merchant: the decision whether the call is genuine, and which client made it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from handlers.decision_notes import note
from handlers.introspection import require_valid_token
from handlers.services import Services
from handlers.snap.bearer import bearer_token
from handlers.snap.call import Call
from handlers.snap.call_form import CallForm, form_of_call, require_complete
from handlers.snap.client import Client
from handlers.snap.codes import CONFLICT, GENERAL_ERROR, NOT_FOUND, NOT_SUPPORTED, SnapError, unauthorized
from handlers.snap.networks import Address
from handlers.snap.replay_key import ReplayKey
from handlers.snap.service import DEFAULT_FORMS, Service
from handlers.snap.timestamp import require_in_window

_ADVICE = 'set [internal] accel_redirect to the internal location in the nginx file, such as "@merchant"'
_LIKE_A_NOTIFICATION = (
    "the call has the headers of a notification; to accept notifications, add "
    '"notification" to forms in the [[services]] table of this path'
)

GenuineCall = tuple[None, Mapping[str, str]]
"""No body, and the response headers. A proxy reads only headers, and nobody can mistake them for the call's answer."""

_Verified = tuple[Client, ReplayKey]


class Headers(TypedDict):
    """The header values of the call as the acquirer sent them. The proxy adds the call's method and its URI."""

    x_original_method: str
    x_original_uri: str
    authorization: str | None
    x_timestamp: str
    x_client_key: NotRequired[str | None]
    x_partner_id: str | None
    x_signature: str
    x_external_id: str | None
    channel_id: NotRequired[str | None]
    origin: NotRequired[str | None]
    x_original_delivery: NotRequired[str | None]


async def authorize_call(
    services: Services, *, body: bytes, caller: Address | None = None, **headers: Unpack[Headers]
) -> GenuineCall:
    """Decide on a call whose body the proxy forwarded. An empty body means that the call has none.

    `caller` is the IP address of the acquirer, if a trusted proxy gives it.
    """
    return await _decide(services, headers, body, caller)


async def authorize_call_without_body(
    services: Services, *, caller: Address | None = None, **headers: Unpack[Headers]
) -> GenuineCall:
    """Decide on a call whose body, if it has one, the proxy did not forward. See `authorize_call`."""
    return await _decide(services, headers, None, caller)


async def _decide(services: Services, headers: Headers, body: bytes | None, caller: Address | None) -> GenuineCall:
    """Decide on one call that fits the document.

    Raises:
        SnapError: 400 01 or 02 if the headers fit no form of call that the service accepts. 500 00 if the proxy
            delivers calls and `accel_redirect` is not set. 404 00 for a path of no service. 405 00 for a method that
            the service does not accept. 401 03 without a token. 401 01 for the token. 401 00 for the client, its
            address, the timestamp, the signature, CHANNEL-ID or ORIGIN. 400 01 for an X-EXTERNAL-ID that the client may
            not send. 429 00 if the client sends too many calls. 409 00 for a repeat. 500 02 if the state store is down
            and the settings refuse calls then.
    """
    now = services.now()
    # The path is compared as the acquirer sent it, without the query.
    service = services.called_services.get(headers["x_original_uri"].partition("?")[0])
    form = _form(headers, service.forms if service else DEFAULT_FORMS)
    _require_destination(services, headers)
    service = _require_service(service, headers["x_original_method"])
    call = _call(headers, service, body, form)
    client, replay_key = _VERIFY[form](services, headers, call, caller, now)
    # A notification has no X-EXTERNAL-ID, CHANNEL-ID or ORIGIN. One that somebody added is not checked.
    external_id = None if form == "notification" else _present(headers["x_external_id"])
    if external_id is not None:
        client.particulars.require_headers(headers.get("channel_id"), headers.get("origin"), external_id)

    services.request_limits.require_client(client.key, caller)
    services.require_audit_trail()
    # Only now, so that a forged call uses up no X-EXTERNAL-ID.
    if await services.state.first_seen(replay_key.key, replay_key.ttl_seconds, now, replay_key.signed_at):
        raise SnapError(CONFLICT, reason="call.repeated")

    return None, _response_headers(services, client.key, external_id)


def _form(headers: Headers, accepted: Sequence[CallForm]) -> CallForm:
    partner_id, client_key = headers["x_partner_id"], headers.get("x_client_key")
    if client_key and not (headers["authorization"] or partner_id or "notification" in accepted):
        note(advice=_LIKE_A_NOTIFICATION)
    form = form_of_call(accepted, headers["authorization"], client_key, partner_id)
    require_complete(form, partner_id, headers["x_external_id"])
    note(form=form)
    return form


def _call(headers: Headers, service: Service, body: bytes | None, form: CallForm) -> Call:
    access_token = bearer_token(headers["authorization"]) if form == "token" else None
    method, uri, timestamp = headers["x_original_method"], headers["x_original_uri"], headers["x_timestamp"]
    return service.signed_call(method, uri, timestamp, body, access_token)


def _verify_with_token(
    services: Services, headers: Headers, call: Call, caller: Address | None, now: datetime
) -> _Verified:
    token = require_valid_token(services, _present(call.access_token), now)
    client = services.sender(token.client_key, caller)
    client.require_partner(_present(headers["x_partner_id"]))
    require_in_window(call.timestamp, now, client.clock_tolerance)
    with services.time_verification("token"):
        note(key=client.require_call_signature(call, headers["x_signature"]))
    external_id = _present(headers["x_external_id"])
    return client, ReplayKey.of_call(client.key, call.timestamp, external_id, now, client.clock_tolerance)


def _verify_notification(
    services: Services, headers: Headers, call: Call, caller: Address | None, now: datetime
) -> _Verified:
    client_key = _present(headers.get("x_client_key"))
    note(client_key=client_key)
    _require_verifiable(services, call, now)

    client = services.sender(client_key, caller)
    with services.time_verification("notification"):
        note(key=client.require_notification_signature(client_key, call.timestamp, headers["x_signature"]))
    # Only the client itself may learn its own window.
    require_in_window(call.timestamp, now, client.clock_tolerance)
    return client, ReplayKey.of_notification(client.key, call.timestamp, call.body or b"", client.clock_tolerance)


def _verify_body_signed(
    services: Services, headers: Headers, call: Call, caller: Address | None, now: datetime
) -> _Verified:
    _require_verifiable(services, call, now)

    client = services.sender(services.clients.key_of_partner(_present(headers["x_partner_id"])), caller)
    with services.time_verification("body-signed"):
        note(key=client.require_body_signature(call, headers["x_signature"]))
    require_in_window(call.timestamp, now, client.clock_tolerance)
    external_id = _present(headers["x_external_id"])
    return client, ReplayKey.of_call(client.key, call.timestamp, external_id, now, client.clock_tolerance)


_VERIFY: Mapping[CallForm, Callable[[Services, Headers, Call, Address | None, datetime], _Verified]] = {
    "token": _verify_with_token,
    "notification": _verify_notification,
    "body-signed": _verify_body_signed,
}


def _require_verifiable(services: Services, call: Call, now: datetime) -> None:
    """Check what does not depend on the client, so that an unknown client learns nothing.

    The body is needed for the signature or for the replay key. Without fresh revocations, a suspension may be unknown.
    """
    if call.body_not_forwarded:
        raise unauthorized(field="X-SIGNATURE", reason="call.body_not_forwarded")
    services.revocations.require_fresh()
    require_in_window(call.timestamp, now, services.clients.widest_tolerance)


def _require_destination(services: Services, headers: Headers) -> None:
    """Without `accel_redirect`, nginx does not know where to send a genuine call, and would answer it with 200."""
    if headers.get("x_original_delivery") and not services.accel_redirect:
        raise SnapError(GENERAL_ERROR, reason="accel_redirect.unset", advice=_ADVICE)


def _require_service(service: Service | None, method: str) -> Service:
    """A 405 lists the methods of the service (RFC 9110, section 15.5.6)."""
    if service is None:
        raise SnapError(NOT_FOUND, reason="path.unmapped")
    if method not in service.methods:
        raise SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": ", ".join(service.methods)})
    return service


def _response_headers(services: Services, client_key: str, external_id: str | None) -> Mapping[str, str]:
    headers = {"X-Client-Key": client_key}
    if external_id:
        headers["X-External-Id"] = external_id
    if services.accel_redirect:
        headers["X-Accel-Redirect"] = services.accel_redirect
    return headers


def _present(value: str | None) -> str:
    """A value that the form of the call requires. `form_of_call` and `require_complete` checked that it is there."""
    return value or ""
