"""A call to the merchant: is it genuine, and whose is it?"""

from collections.abc import Callable, Mapping
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
from handlers.snap.replay_key import ReplayKey
from handlers.snap.timestamp import require_in_window

_POST_ALONE = ("POST",)
_ADVICE = 'set [internal] accel_redirect to the location in the file of nginx, such as "@merchant"'

Genuine = tuple[None, Mapping[str, str]]
"""No body: a proxy reads headers, and what it may hand on by mistake does not look like an answer to the call."""

_Verified = tuple[Client, ReplayKey]


class Headers(TypedDict):
    """The header values of the call as they were sent; its method and its URI are the proxy's word."""

    x_original_method: str
    x_original_uri: str
    authorization: str | None
    x_timestamp: str
    x_client_key: NotRequired[str | None]
    x_partner_id: str | None
    x_signature: str
    x_external_id: str | None
    channel_id: NotRequired[str | None]
    x_original_delivery: NotRequired[str | None]


async def authorize_call(services: Services, *, body: bytes, **headers: Unpack[Headers]) -> Genuine:
    """Decide on a call that came with its body, if it has one."""
    return await _decide(services, headers, body)


async def authorize_call_without_body(services: Services, **headers: Unpack[Headers]) -> Genuine:
    """Decide on a call whose body, if it has one, did not come along."""
    return await _decide(services, headers, None)


async def _decide(services: Services, headers: Headers, body: bytes | None) -> Genuine:
    """Decide on one call whose headers are well-formed.

    Raises:
        SnapError: 400 01 or 02, if the headers are those of no form of call that the service admits; 500 00, if the
            proxy delivers, and `accel_redirect` is not set; 404 00, for a path that is no service's; 405 00, for a
            method that the service does not take; 401 03, without a token; 401 01, for the token; 401 00, for the
            client, the clock or the signature; 409 00, for a repeat; 500 02, if the state is down and calls are
            refused then.
    """
    now = services.now()
    form = _form(services, headers)
    _require_destination(services, headers)
    _require_service(services, headers["x_original_method"], headers["x_original_uri"])
    client, replay_key = _VERIFY[form](services, headers, body, now)

    # Only now: a forged call uses up nobody's external id.
    if await services.state.first_seen(replay_key.key, replay_key.ttl_seconds, now, replay_key.signed_at):
        raise SnapError(CONFLICT, reason="call.repeated")

    # A notification has no X-EXTERNAL-ID. If somebody adds one, nobody has signed or compared it.
    return None, _headers(services, client.key, None if form == "notification" else headers["x_external_id"])


def _form(services: Services, headers: Headers) -> CallForm:
    client_key, partner_id = headers.get("x_client_key"), headers["x_partner_id"]
    admitted = services.forms_of(_path(headers["x_original_uri"]))
    form = form_of_call(admitted, headers["authorization"], client_key, partner_id)
    require_complete(form, partner_id, headers["x_external_id"])
    note(form=form)
    return form


def _with_token(services: Services, headers: Headers, body: bytes | None, now: datetime) -> _Verified:
    token = bearer_token(headers["authorization"])
    opened = require_valid_token(services, token, now)
    note(token=opened.fingerprint)

    client = services.client(opened.client_key)
    client.require_partner(_sent(headers["x_partner_id"]))
    timestamp = headers["x_timestamp"]
    require_in_window(timestamp, now, client.clock_tolerance)
    call = Call(headers["x_original_method"], headers["x_original_uri"], token, timestamp, body)
    note(key=client.require_call_signature(call, headers["x_signature"]))
    external_id = _sent(headers["x_external_id"])
    return client, ReplayKey.of_call(client.key, timestamp, external_id, now, client.clock_tolerance)


def _notification(services: Services, headers: Headers, body: bytes | None, now: datetime) -> _Verified:
    client_key, timestamp = _sent(headers.get("x_client_key")), headers["x_timestamp"]
    note(client_key=client_key)
    _require_whole(services, _without_token(headers, body), now)

    client = services.client(client_key)
    note(key=client.require_notification_signature(client_key, timestamp, headers["x_signature"]))
    # Only the client itself may learn its own window.
    require_in_window(timestamp, now, client.clock_tolerance)
    return client, ReplayKey.of_notification(client.key, timestamp, body or b"", client.clock_tolerance)


def _body_signed(services: Services, headers: Headers, body: bytes | None, now: datetime) -> _Verified:
    call = _without_token(headers, body)
    _require_whole(services, call, now)

    client = services.client_of_partner(_sent(headers["x_partner_id"]))
    note(key=client.require_body_signature(call, headers["x_signature"]))
    require_in_window(call.timestamp, now, client.clock_tolerance)
    external_id = _sent(headers["x_external_id"])
    return client, ReplayKey.of_body_signed_call(client.key, call.timestamp, external_id, now, client.clock_tolerance)


_VERIFY: Mapping[CallForm, Callable[[Services, Headers, bytes | None, datetime], _Verified]] = {
    "token": _with_token,
    "notification": _notification,
    "body-signed": _body_signed,
}


def _without_token(headers: Headers, body: bytes | None) -> Call:
    return Call(headers["x_original_method"], headers["x_original_uri"], None, headers["x_timestamp"], body)


def _require_whole(services: Services, call: Call, now: datetime) -> None:
    """What a call without a token must be, whoever sent it: nothing here depends on the client.

    Its body decides whether it is a repeat, or is signed. Without fresh revocations nobody knows who is suspended.
    """
    if call.body_was_left_behind:
        raise unauthorized(field="X-SIGNATURE", reason="call.body_not_forwarded")
    services.revocations.require_fresh()
    require_in_window(call.timestamp, now, services.clients.widest_tolerance)


def _require_destination(services: Services, headers: Headers) -> None:
    """Without `accel_redirect` the proxy does not know where a genuine call goes, and would answer an empty 200."""
    if headers.get("x_original_delivery") and not services.accel_redirect:
        raise SnapError(GENERAL_ERROR, reason="accel_redirect.unset", advice=_ADVICE)


def _require_service(services: Services, method: str, uri: str) -> None:
    """Paths are compared as they were sent, without the query. 405 names the methods (RFC 9110, section 15.5.6)."""
    path = _path(uri)
    if path not in services.service_codes:
        raise SnapError(NOT_FOUND, reason="path.unmapped")
    methods = services.service_methods.get(path, _POST_ALONE)
    if method not in methods:
        raise SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": ", ".join(methods)})


def _headers(services: Services, client_key: str, external_id: str | None) -> Mapping[str, str]:
    headers = {"X-Client-Key": client_key}
    if external_id:
        headers["X-External-Id"] = external_id
    if services.accel_redirect:
        headers["X-Accel-Redirect"] = services.accel_redirect
    return headers


def _path(uri: str) -> str:
    return uri.partition("?")[0]


def _sent(value: str | None) -> str:
    """The value of a header that the form of the call requires, so that it is there."""
    return value or ""
