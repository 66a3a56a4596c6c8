"""The access token (SNAP service 73, Access Token B2B): the decision whether a client gets one."""

from collections.abc import Mapping

from handlers.decision_notes import note
from handlers.services import Services
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, CONFLICT, SUCCESSFUL, SnapError, unauthorized
from handlers.snap.networks import Address
from handlers.snap.replay_key import ReplayKey
from handlers.snap.timestamp import require_in_window, utc
from handlers.snap.token import fingerprint


async def issue_access_token(
    services: Services, *, x_timestamp: str, x_client_key: str, x_signature: str, caller: Address | None = None
) -> Mapping[str, object]:
    """Decide on one token request that fits the document, and answer with a token.

    The arguments are the header values as the client sent them, and the IP address of the caller if it is known. The
    document allows one `grantType` only, and `additionalInfo` is ignored.

    Raises:
        SnapError: 401 00 for the timestamp, the client, its address, the signature, or a request that the client signed
            before its tokens were revoked. 429 00 if the client sends too many requests. 409 00 for a repeat, if the
            settings refuse repeats. 500 02 if the state store or the audit trail is down and the settings refuse
            requests then.
    """
    now = services.now()
    require_in_window(x_timestamp, now, services.clients.widest_tolerance)

    client = services.sender(x_client_key, caller)
    with services.time_verification("token-request"):
        note(key=client.require_signature(x_client_key, x_timestamp, x_signature))
    # Only now, so that only the client itself can learn its own tolerance.
    require_in_window(x_timestamp, now, client.clock_tolerance)
    # Only now, so that nobody else can use up the requests of a client.
    services.request_limits.require_client(client.key, caller)

    services.require_audit_trail()
    replay_key = ReplayKey.of_token_request(client.key, x_timestamp, client.clock_tolerance)
    first_seen = await services.state.first_seen(replay_key.key, replay_key.ttl_seconds, now, replay_key.signed_at)
    if first_seen and services.repeat == "refuse":
        raise SnapError(CONFLICT, reason="request.repeated")
    # All tokens of one signed request expire together, so a replay gains no time.
    issued_at = first_seen or now
    # A revocation covers the whole second in which it happens. A token issued in it would already be revoked.
    if services.revocations.covers(client.key, issued_at):
        raise unauthorized(field="X-TIMESTAMP", reason="request.revoked")

    token_keys = services.token_keys
    token = token_keys.issue(client.key, issued_at)
    note(repeat=first_seen is not None, token=fingerprint(token), expires_at=utc(token_keys.expires_at(issued_at)))
    return _token_response(token, token_keys.remaining_seconds(issued_at, now))


def _token_response(token: str, remaining_seconds: int) -> Mapping[str, object]:
    return {
        "responseCode": SUCCESSFUL.response_code(ACCESS_TOKEN_SERVICE),
        "responseMessage": SUCCESSFUL.message,
        "accessToken": token,
        "tokenType": "Bearer",
        "expiresIn": str(remaining_seconds),
        "additionalInfo": {},
    }
