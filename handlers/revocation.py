"""Token revocation (RFC 7009): revokes one token, or all tokens that a client has at this moment."""

from collections.abc import Mapping
from contextlib import suppress

from handlers.decision_notes import note
from handlers.services import Services
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError
from handlers.snap.token import TokenRefusedError, fingerprint, revocation_seconds

_EITHER = "token or client_id"


async def revoke_tokens(
    services: Services, *, token: str | None = None, client_id: str | None = None
) -> Mapping[str, object]:
    """Revoke one token, or all tokens of a client. The caller names exactly one of the two.

    The revocation is recorded until every token that it covers has expired.

    Raises:
        SnapError: 400 02 if neither is given. 400 01 if both are given, or if the client is unknown. 500 02 if the
            state store is down.
    """
    if token and client_id:
        raise SnapError(INVALID_FIELD_FORMAT, field=_EITHER, reason="form.fields_exclude_each_other")
    if token:
        await _revoke_token(services, token)
    elif client_id:
        await _revoke_client(services, client_id)
    else:
        raise SnapError(INVALID_MANDATORY_FIELD, field=_EITHER, reason="form.field_missing")
    return {}


async def _revoke_token(services: Services, token: str) -> None:
    """Revocation compares decoded bytes, so every base64 spelling is revoked.

    A token that no key here verifies is revoked too, because another instance may have issued it.
    """
    try:
        token_fingerprint = fingerprint(token)
    except ValueError:
        return  # It is not base64, so it is not a token. An invalid token needs no revocation (RFC 7009, section 2.2).
    note(token=token_fingerprint)
    with suppress(TokenRefusedError):
        note(client_key=services.token_keys.verify(token, services.now()).client_key)
    await services.revocations.revoke_token(token_fingerprint, revocation_seconds(services.token_keys.lifetime))


async def _revoke_client(services: Services, client_id: str) -> None:
    if client_id not in services.clients:
        raise SnapError(INVALID_FIELD_FORMAT, field="client_id", reason="client.unknown")
    note(client_key=client_id)
    await services.revocations.revoke_client(client_id, revocation_seconds(services.token_keys.lifetime))
