"""The access token (SNAP service 73, Access Token B2B): who gets one."""

from collections.abc import Mapping

from handlers.decision_notes import note
from handlers.services import Services
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, CONFLICT, SUCCESSFUL, SnapError, unauthorized
from handlers.snap.replay_key import ReplayKey
from handlers.snap.timestamp import require_in_window, utc
from handlers.snap.token import fingerprint


async def issue_access_token(
    services: Services, *, x_timestamp: str, x_client_key: str, x_signature: str
) -> Mapping[str, object]:
    """Decide on one request whose form is right, and answer it with a token.

    The arguments are the header values as they were sent. `grantType` has a single value, which the document
    holds, and `additionalInfo` is ignored.

    Raises:
        SnapError: 401 00, for the clock, the client or the signature, and for a request that the client sent before
            its tokens were revoked; 409 00, for a repeat, if the settings refuse repeats; 500 02, if the state is
            down and the settings say to refuse then.
    """
    now = services.now()
    require_in_window(x_timestamp, now, services.clients.widest_tolerance)

    client = services.client(x_client_key)
    note(key=client.require_signature(x_client_key, x_timestamp, x_signature))
    # Only the client itself may learn its own window.
    require_in_window(x_timestamp, now, client.clock_tolerance)

    replay_key = ReplayKey.of_token_request(client.key, x_timestamp, client.clock_tolerance)
    earlier = await services.state.first_seen(replay_key.key, replay_key.ttl_seconds, now, replay_key.signed_at)
    if earlier and services.repeat == "refuse":
        raise SnapError(CONFLICT, reason="request.repeated")
    # One signed request, one span: a repeat's token ends when the first one ends.
    issued_at = earlier or now
    # A revocation covers its own second, and repeats of earlier requests: such a token would be dead from the start.
    if services.revocations.covers(client.key, issued_at):
        raise unauthorized(field="X-TIMESTAMP", reason="request.revoked")

    keys = services.token_keys
    token = keys.issue(client.key, issued_at)
    note(repeat=earlier is not None, token=fingerprint(token), expires_at=utc(keys.expires_at(issued_at)))
    return _granted(token, keys.remaining_seconds(issued_at, now))


def _granted(token: str, remaining_seconds: int) -> Mapping[str, object]:
    return {
        "responseCode": SUCCESSFUL.response_code(ACCESS_TOKEN_SERVICE),
        "responseMessage": SUCCESSFUL.message,
        "accessToken": token,
        "tokenType": "Bearer",
        "expiresIn": str(remaining_seconds),
        "additionalInfo": {},
    }
