"""Taking back what was issued (RFC 7009): one token, or all of a client's up to now."""

from collections.abc import Mapping
from contextlib import suppress

from handlers.decision_notes import note
from handlers.services import Services
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError
from handlers.snap.token import TokenRefusedError, fingerprint, revocation_seconds

_EITHER = "token or client_id"


async def revoke_tokens(
    services: Services, *, token: str | None = None, client_id: str | None = None, **_ignored: object
) -> Mapping[str, object]:
    """Take back exactly one of the two; it is remembered for as long as what was issued might live.

    Raises:
        SnapError: 400 02, neither is given; 400 01, both are, or there is no such client; 500 02, the state is down.
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
    """By its bytes, in whatever spelling, whether it opens here or not: another instance may have issued it."""
    try:
        name = fingerprint(token)
    except ValueError:
        return  # It spells no bytes, so it opens nothing: what was wanted is so (RFC 7009, section 2.2).
    note(token=name)
    with suppress(TokenRefusedError):
        note(client_key=services.token_keys.verify(token, services.now()).client_key)
    await services.revocations.revoke_token(name, revocation_seconds(services.token_keys.lifetime))


async def _revoke_client(services: Services, client_id: str) -> None:
    if client_id not in services.clients:
        raise SnapError(INVALID_FIELD_FORMAT, field="client_id", reason="client.unknown")
    note(client_key=client_id)
    await services.revocations.revoke_client(client_id, revocation_seconds(services.token_keys.lifetime))
