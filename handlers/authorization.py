"""A call that follows the token: is it genuine, and whose is it?"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict, Unpack

from handlers.introspection import live_token
from handlers.services import Services
from handlers.snap import repeat
from handlers.snap.bearer import bearer_token
from handlers.snap.call import Call
from handlers.snap.codes import CONFLICT, NOT_FOUND, SnapError
from handlers.snap.timestamp import require_in_window

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


async def authorize_call(services: Services, *, body: bytes, **headers: Unpack[Headers]) -> Genuine:
    """Decide on a call that came with its body, if it has one."""
    return await _decide(services, headers, body)


async def authorize_call_without_body(services: Services, **headers: Unpack[Headers]) -> Genuine:
    """Decide on a call whose body, if it has one, did not come along."""
    return await _decide(services, headers, None)


async def _decide(services: Services, headers: Headers, body: bytes | None) -> Genuine:
    """Decide on one call whose form is right.

    Raises:
        SnapError: 404 00, for a path that is no service's; 401 03, without a token; 401 01, for the token; 401 00, for
            the partner, the clock or the signature; 409 00, for an external id that was used that day; 500 02, if the
            state is down and calls are refused then.
    """
    now = services.now()
    _require_service(services, headers["x_original_uri"])
    token = bearer_token(headers["authorization"])
    opened = live_token(services, token, now)

    client = services.client(opened.client_key)
    client.require_partner(headers["x_partner_id"])
    timestamp = headers["x_timestamp"]
    require_in_window(timestamp, now, client.clock_tolerance)
    call = Call(headers["x_original_method"], headers["x_original_uri"], token, timestamp, body)
    client.require_call_signature(call, headers["x_signature"])

    # Only now: a forged call uses up nobody's external id.
    external_id = headers["x_external_id"]
    mark = repeat.of_call(client.key, timestamp, external_id, now, client.clock_tolerance)
    if await services.state.first_seen(mark.key, mark.ttl_seconds, now):
        raise SnapError(CONFLICT, reason="call.repeated")

    return None, _headers(services, client.key, external_id)


def _require_service(services: Services, uri: str) -> None:
    """Paths are compared as they were sent, without the query."""
    if uri.partition("?")[0] not in services.service_codes:
        raise SnapError(NOT_FOUND, reason="path.unmapped")


def _headers(services: Services, client_key: str, external_id: str) -> Mapping[str, str]:
    headers = {"X-Client-Key": client_key, "X-External-Id": external_id}
    return headers | {"X-Accel-Redirect": services.accel_redirect} if services.accel_redirect else headers
