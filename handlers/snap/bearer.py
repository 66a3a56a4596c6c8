"""The access token in the Authorization header: `Bearer <token>` (RFC 6750, section 2.1)."""

import re

from handlers.snap.codes import INVALID_TOKEN, TOKEN_NOT_FOUND, SnapError

_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)


def bearer_token(authorization: str | None) -> str:
    """Return the token in the header's value. The scheme may have any case (RFC 9110, section 11.1).

    Raises:
        SnapError: 401 03 if the header is absent or empty. 401 01 if it is anything but `Bearer <token>`.
    """
    if not authorization:
        raise SnapError(TOKEN_NOT_FOUND, reason="token.absent")
    credentials = _CREDENTIALS.fullmatch(authorization)
    if not credentials:
        raise SnapError(INVALID_TOKEN, reason="authorization.malformed")
    return credentials[1]
