"""The access token (SNAP service 73, Access Token B2B): who gets one."""

from collections.abc import Mapping

from handlers.services import Services
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, SUCCESSFUL
from handlers.snap.timestamp import require_in_window


async def issue_access_token(
    services: Services, *, x_timestamp: str, x_client_key: str, x_signature: str
) -> Mapping[str, object]:
    """Decide on one request whose form is right, and answer it with a token.

    The arguments are the header values as they were sent. `grantType` has a single value, which the document
    holds, and `additionalInfo` is ignored.

    Raises:
        SnapError: 401 00, for the clock, the client or the signature.
    """
    now = services.now()
    require_in_window(x_timestamp, now, services.clients.widest_tolerance)

    client = services.clients.find(x_client_key)
    client.require_signature(x_client_key, x_timestamp, x_signature)
    # A window of the client's own is revealed only to whoever has proved to be that client.
    require_in_window(x_timestamp, now, client.clock_tolerance)

    return {
        "responseCode": SUCCESSFUL.of_service(ACCESS_TOKEN_SERVICE),
        "responseMessage": SUCCESSFUL.message,
        "accessToken": services.token_keys.mint(client.key, now),
        "tokenType": "Bearer",
        "expiresIn": str(int(services.token_keys.lifetime.total_seconds())),
        "additionalInfo": {},
    }
