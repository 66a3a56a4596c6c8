"""A call that NICEPAY makes with its token: the decision whether the call is genuine, and which client made it."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict, Unpack

from handlers.decision_notes import note
from handlers.introspection import require_valid_token
from handlers.services import Services
from handlers.snap.bearer import bearer_token
from handlers.snap.call import Call
from handlers.snap.codes import CONFLICT, GENERAL_ERROR, NOT_FOUND, NOT_SUPPORTED, SnapError
from handlers.snap.replay_key import ReplayKey
from handlers.snap.timestamp import require_in_window

_ADVICE = 'set [internal] accel_redirect to the internal location in the nginx file, such as "@merchant"'

GenuineCall = tuple[None, Mapping[str, str]]
"""No body, and the response headers. A proxy reads only headers, and nobody can mistake them for the call's answer."""


class Headers(TypedDict):
    """The header values of the call as NICEPAY sent them. The proxy adds the call's method and its URI."""

    x_original_method: str
    x_original_uri: str
    authorization: str | None
    x_timestamp: str
    x_partner_id: str
    x_signature: str
    x_external_id: str
    channel_id: NotRequired[str | None]
    x_original_delivery: NotRequired[str | None]


async def authorize_call(services: Services, *, body: bytes, **headers: Unpack[Headers]) -> GenuineCall:
    """Decide on a call whose body the proxy forwarded. An empty body means that the call has none."""
    return await _decide(services, headers, body)


async def authorize_call_without_body(services: Services, **headers: Unpack[Headers]) -> GenuineCall:
    """Decide on a call whose body, if it has one, the proxy did not forward."""
    return await _decide(services, headers, None)


async def _decide(services: Services, headers: Headers, body: bytes | None) -> GenuineCall:
    """Decide on one call that fits the document.

    Raises:
        SnapError: 500 00 if the proxy delivers calls and `accel_redirect` is not set. 404 00 for a path of no service.
            405 00 for a method that the service does not accept. 401 03 without a token. 401 01 for the token. 401 00
            for the partner, the timestamp or the signature. 409 00 for an X-EXTERNAL-ID that was used that day. 500 02
            if the state store is down and the settings refuse calls then.
    """
    now = services.now()
    _require_destination(services, headers)
    _require_service(services, headers["x_original_method"], headers["x_original_uri"])
    access_token = bearer_token(headers["authorization"])
    token = require_valid_token(services, access_token, now)
    note(token=token.fingerprint)

    client = services.client(token.client_key)
    client.require_partner(headers["x_partner_id"])
    timestamp = headers["x_timestamp"]
    require_in_window(timestamp, now, client.clock_tolerance)
    call = Call(headers["x_original_method"], headers["x_original_uri"], access_token, timestamp, body)
    note(key=client.require_call_signature(call, headers["x_signature"]))

    # Only now, so that a forged call uses up no X-EXTERNAL-ID.
    external_id = headers["x_external_id"]
    replay_key = ReplayKey.of_call(client.key, timestamp, external_id, now, client.clock_tolerance)
    if await services.state.first_seen(replay_key.key, replay_key.ttl_seconds, now, replay_key.signed_at):
        raise SnapError(CONFLICT, reason="call.repeated")

    return None, _response_headers(services, client.key, external_id)


def _require_destination(services: Services, headers: Headers) -> None:
    """Without `accel_redirect`, nginx does not know where to send a genuine call, and would answer it with 200."""
    if headers.get("x_original_delivery") and not services.accel_redirect:
        raise SnapError(GENERAL_ERROR, reason="accel_redirect.unset", advice=_ADVICE)


def _require_service(services: Services, method: str, uri: str) -> None:
    """Compare the path as NICEPAY sent it, without the query. A 405 lists the methods (RFC 9110, section 15.5.6)."""
    path = uri.partition("?")[0]
    service = services.called_services.get(path)
    if service is None:
        raise SnapError(NOT_FOUND, reason="path.unmapped")
    if method not in service.methods:
        raise SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": ", ".join(service.methods)})


def _response_headers(services: Services, client_key: str, external_id: str) -> Mapping[str, str]:
    headers = {"X-Client-Key": client_key, "X-External-Id": external_id}
    return headers | {"X-Accel-Redirect": services.accel_redirect} if services.accel_redirect else headers
