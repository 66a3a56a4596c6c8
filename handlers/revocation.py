"""Taking back what was issued (RFC 7009): one token, or all of a client's up to now."""

from collections.abc import Mapping

from handlers.services import Services
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError
from handlers.snap.token import CLOCKS_APART, fingerprint

_EITHER = "token or client_id"


async def revoke_tokens(
    services: Services, *, token: str | None = None, client_id: str | None = None, **_ignored: object
) -> Mapping[str, object]:
    """Take back exactly one of the two; it is remembered for as long as what was issued might live.

    A token is taken at its bytes, whether it opens here or not: another instance may have issued it.

    Raises:
        SnapError: 400 02, neither is given; 400 01, both are, or there is no such client; 500 02, the state is down.
    """
    subject = _subject(services, token, client_id)
    if subject:
        seconds = (services.token_keys.lifetime + 2 * CLOCKS_APART).total_seconds()
        await services.state.revoke(subject, services.now(), int(seconds))
    return {}


def _subject(services: Services, token: str | None, client_id: str | None) -> str | None:
    """The name under which it is remembered; None for a text that spells no token at all (RFC 7009, section 2.2)."""
    if token and client_id:
        raise SnapError(INVALID_FIELD_FORMAT, field=_EITHER, reason="form.fields_exclude_each_other")
    if token:
        return _of_token(token)
    if not client_id:
        raise SnapError(INVALID_MANDATORY_FIELD, field=_EITHER, reason="form.field_missing")
    if client_id not in services.clients:
        raise SnapError(INVALID_FIELD_FORMAT, field="client_id", reason="client.unknown")
    return f"client:{client_id}"


def _of_token(token: str) -> str | None:
    try:
        return f"token:{fingerprint(token)}"
    except ValueError:
        return None
