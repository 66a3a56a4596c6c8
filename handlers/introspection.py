"""Token introspection (RFC 7662): whether a token is active at this moment."""

from collections.abc import Mapping
from datetime import datetime

from handlers.decision_notes import note
from handlers.services import Services
from handlers.snap.codes import INVALID_TOKEN, SnapError
from handlers.snap.token import ExpiredTokenError, TokenRefusedError, VerifiedToken, fingerprint


def require_valid_token(services: Services, token: str, now: datetime) -> VerifiedToken:
    """Verify a token: we issued it, it has not expired, and nobody revoked it. The client may still be suspended.

    The fingerprint of a token that we issued is noted, also if it has expired or is revoked.

    Raises:
        SnapError: 401 01 if the token is not valid; the reason says why. 500 02 if the revocations are not known and
            the settings refuse requests then.
    """
    try:
        verified = services.token_keys.verify(token, now)
    except ExpiredTokenError as error:
        note(token=fingerprint(token))
        raise SnapError(INVALID_TOKEN, reason=error.reason) from error
    except TokenRefusedError as error:
        raise SnapError(INVALID_TOKEN, reason=error.reason) from error
    note(token=verified.fingerprint, client_key=verified.client_key)
    if services.revocations.is_revoked(verified.client_key, verified.fingerprint, verified.issued_at):
        raise SnapError(INVALID_TOKEN, reason="token.revoked")
    return verified


async def introspect_token(services: Services, *, token: str) -> Mapping[str, object]:
    """Return the client of an active token and its lifetime. For any other token return only `active: false`.

    The members are those of RFC 7662, section 2.2. `iat` and `exp` are in seconds since 1970.

    Raises:
        SnapError: 500 02 if the revocations are not known and the settings refuse requests then.
    """
    try:
        verified = require_valid_token(services, token, services.now())
    except SnapError as error:
        if error.code != INVALID_TOKEN:
            raise
        return {"active": False}
    if not services.client(verified.client_key).active:
        return {"active": False}
    issued = int(verified.issued_at.timestamp())
    lifetime = int(services.token_keys.lifetime.total_seconds())
    return {
        "active": True,
        "client_id": verified.client_key,
        "token_type": "Bearer",
        "iat": issued,
        "exp": issued + lifetime,
    }
