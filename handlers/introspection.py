"""What a token is worth at this moment (RFC 7662)."""

from collections.abc import Mapping
from datetime import datetime

from handlers.services import Services
from handlers.snap.codes import INVALID_TOKEN, SnapError
from handlers.snap.token import TokenRefusedError, VerifiedToken


def require_valid_token(services: Services, token: str, now: datetime) -> VerifiedToken:
    """What a token says that is ours, of this time, and not taken back.

    Raises:
        SnapError: 401 01, it is not; the reason says what it is. 500 02, what has been taken back is not known.
    """
    try:
        opened = services.token_keys.verify(token, now)
    except TokenRefusedError as error:
        raise SnapError(INVALID_TOKEN, reason=error.reason) from error
    if services.revocations.is_revoked(opened.client_key, opened.fingerprint, opened.issued_at):
        raise SnapError(INVALID_TOKEN, reason="token.revoked")
    return opened


async def introspect_token(services: Services, *, token: str, **_ignored: object) -> Mapping[str, object]:
    """Say whose a token is and how long it lives, or that it is not active, and then nothing else (section 2.2).

    Raises:
        SnapError: 500 02, what has been taken back is not known.
    """
    try:
        opened = require_valid_token(services, token, services.now())
    except SnapError as error:
        if error.code != INVALID_TOKEN:
            raise
        return {"active": False}
    if not services.client(opened.client_key).active:
        return {"active": False}
    issued = int(opened.issued_at.timestamp())
    lifetime = int(services.token_keys.lifetime.total_seconds())
    return {
        "active": True,
        "client_id": opened.client_key,
        "token_type": "Bearer",
        "iat": issued,
        "exp": issued + lifetime,
    }
