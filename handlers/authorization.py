"""A call that follows the token: is it genuine, and whose is it?"""

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

_POST_ALONE = ("POST",)
_ADVICE = 'set [internal] accel_redirect to the location in the file of nginx, such as "@merchant"'

Genuine = tuple[None, Mapping[str, str]]
"""No body: a proxy reads headers, and what it may hand on by mistake does not look like an answer to the call."""


class Headers(TypedDict):
    """The header values of the call as they were sent; its method and its URI are the proxy's word."""

    x_original_method: str
    x_original_uri: str
    authorization: str | None
    x_timestamp: str
    x_partner_id: str
    x_signature: str
    x_external_id: str
    channel_id: NotRequired[str | None]
    x_original_delivery: NotRequired[str | None]


async def authorize_call(services: Services, *, body: bytes, **headers: Unpack[Headers]) -> Genuine:
    """Decide on a call that came with its body, if it has one."""
    return await _decide(services, headers, body)


async def authorize_call_without_body(services: Services, **headers: Unpack[Headers]) -> Genuine:
    """Decide on a call whose body, if it has one, did not come along."""
    return await _decide(services, headers, None)


async def _decide(services: Services, headers: Headers, body: bytes | None) -> Genuine:
    """Decide on one call whose form is right.

    Raises:
        SnapError: 500 00, if the proxy delivers, and `accel_redirect` is not set; 404 00, for a path that is no
            service's; 405 00, for a method that the service does not take; 401 03, without a token; 401 01, for the
            token; 401 00, for the partner, the clock or the signature; 409 00, for an external id that was used that
            day; 500 02, if the state is down and calls are refused then.
    """
    now = services.now()
    _require_destination(services, headers)
    _require_service(services, headers["x_original_method"], headers["x_original_uri"])
    token = bearer_token(headers["authorization"])
    opened = require_valid_token(services, token, now)
    note(token=opened.fingerprint)

    client = services.client(opened.client_key)
    client.require_partner(headers["x_partner_id"])
    timestamp = headers["x_timestamp"]
    require_in_window(timestamp, now, client.clock_tolerance)
    call = Call(headers["x_original_method"], headers["x_original_uri"], token, timestamp, body)
    note(key=client.require_call_signature(call, headers["x_signature"]))

    # Only now: a forged call uses up nobody's external id.
    external_id = headers["x_external_id"]
    replay_key = ReplayKey.of_call(client.key, timestamp, external_id, now, client.clock_tolerance)
    if await services.state.first_seen(replay_key.key, replay_key.ttl_seconds, now, replay_key.signed_at):
        raise SnapError(CONFLICT, reason="call.repeated")

    return None, _headers(services, client.key, external_id)


def _require_destination(services: Services, headers: Headers) -> None:
    """Without `accel_redirect` the proxy does not know where a genuine call goes, and would answer an empty 200."""
    if headers.get("x_original_delivery") and not services.accel_redirect:
        raise SnapError(GENERAL_ERROR, reason="accel_redirect.unset", advice=_ADVICE)


def _require_service(services: Services, method: str, uri: str) -> None:
    """Paths are compared as they were sent, without the query. 405 names the methods (RFC 9110, section 15.5.6)."""
    path = uri.partition("?")[0]
    if path not in services.service_codes:
        raise SnapError(NOT_FOUND, reason="path.unmapped")
    methods = services.service_methods.get(path, _POST_ALONE)
    if method not in methods:
        raise SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": ", ".join(methods)})


def _headers(services: Services, client_key: str, external_id: str) -> Mapping[str, str]:
    headers = {"X-Client-Key": client_key, "X-External-Id": external_id}
    return headers | {"X-Accel-Redirect": services.accel_redirect} if services.accel_redirect else headers
