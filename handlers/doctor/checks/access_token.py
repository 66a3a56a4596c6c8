"""The check of a call's token: whether there is one, whether a token key opens it, and which client owns it."""

from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.doctor.checks import authorization_header, sender
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_ID_SHOWN, Evidence, Finding, Verdict
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix
from handlers.snap.timestamp import render
from handlers.snap.token import TokenRefusedError, VerifiedToken

_ISSUED_AT = slice(1, 9)  # Fernet: version (1 byte), seconds since 1970 (8 bytes, big-endian).


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """The result of checking the Authorization header.

    `text` is the token. `client` is its owner. If the token cannot be opened, `client` is the client that
    X-PARTNER-ID names, or None. `certain` is true if the client signed this token, as far as the header shows.
    """

    text: str
    client: Client | None
    findings: tuple[Finding, ...]
    certain: bool = True


def check(request: Request, context: MerchantContext) -> TokenCheck:
    """Check the token. Then check that its client may send from this address, and that X-PARTNER-ID belongs to it."""
    text, mistake = authorization_header.read(request.get("Authorization"))
    opened, refused = _open(text, context) if text else (None, [])
    found = [*([mistake] if mistake else []), *refused]
    partner = request.get("X-PARTNER-ID")
    if opened is None:
        return TokenCheck(text, context.client_of_partner(partner), tuple(found), certain=False)
    client = context.clients.find(opened.client_key)
    owner = (*sender.address(request, client), *_owner(opened, client, partner, context))
    return TokenCheck(text, client, (*found, *owner), certain=not mistake)


def _open(text: str, context: MerchantContext) -> tuple[VerifiedToken | None, list[Finding]]:
    keys, now = context.token_keys, context.now
    with suppress(TokenRefusedError):
        return keys.verify(text, now), []
    # If the token opens at the time when it was issued, it is genuine and has expired.
    with suppress(TokenRefusedError, ValueError, OverflowError, OSError):
        issued_at = _issued_at(text)
        opened = keys.verify(text, issued_at)
        evidence: Evidence = {
            "issued_at": render(issued_at),
            "expired_at": render(issued_at + keys.lifetime),
            "age_seconds": round((now - issued_at).total_seconds()),
            "lifetime_seconds": round(keys.lifetime.total_seconds()),
        }
        return opened, [Finding(Verdict.TOKEN_EXPIRED, evidence)]
    return None, [Finding(Verdict.TOKEN_TAMPERED, {"length": len(text)})]


def _issued_at(text: str) -> datetime:
    """Read the time of issue from a token that is not authenticated yet."""
    return datetime.fromtimestamp(int.from_bytes(urlsafe_b64decode(text)[_ISSUED_AT]), UTC)


def _owner(opened: VerifiedToken, client: Client, partner: str, context: MerchantContext) -> list[Finding]:
    status = sender.status(client, opened.client_key, context.client_keys_text)
    if status:
        return status
    if partner in {"", *client.partner_ids}:
        return []
    evidence: Evidence = {
        "token_of": client.key,
        "wanted": ", ".join(client.partner_ids),
        "sent": masked_prefix(partner, LONGEST_ID_SHOWN),
    }
    is_of_other_client = context.client_of_partner(partner) is not None
    return [Finding(Verdict.TOKEN_OF_ANOTHER_CLIENT if is_of_other_client else Verdict.CALL_PARTNER_UNKNOWN, evidence)]
