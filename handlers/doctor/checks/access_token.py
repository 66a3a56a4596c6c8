"""The token of a call: is there one, does it open, and whose is it?"""

import re
from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.bearer import bearer_token
from handlers.snap.client import Client
from handlers.snap.codes import SnapError
from handlers.snap.masking import masked_prefix
from handlers.snap.timestamp import render
from handlers.snap.token import TokenRefusedError, VerifiedToken

_STAMP = slice(1, 9)  # Fernet: version (1 byte), seconds since 1970 (8 bytes, big-endian).
_SHOWN = 36
"""Characters of a partner id: whatever is longer is none, and may be a secret in the wrong place."""
_BEFORE = re.compile(r"""\s*(?:bearer\s+)*[\s"'<]*""", re.IGNORECASE)
_BEHIND = " \t\r\n\"'>"


@dataclass(frozen=True, slots=True)
class Bearer:
    """What the Authorization header comes to. `client` is None if neither the token nor the partner id names one."""

    text: str
    client: Client | None
    findings: tuple[Finding, ...]


def read(request: Request, knowledge: MerchantContext) -> Bearer:
    """Judge the token, then X-PARTNER-ID against the client that the token belongs to, in the server's order."""
    text, malformed = _text(request.get("Authorization"))
    opened, refused = _opened(text, knowledge) if text else (None, [])
    partner = request.get("X-PARTNER-ID")
    if opened is None:
        return Bearer(text, knowledge.of_partner(partner), (*malformed, *refused))
    client = knowledge.clients.find(opened.client_key)
    return Bearer(text, client, (*malformed, *refused, *_of_partner(opened, client, partner, knowledge)))


def _text(authorization: str) -> tuple[str, list[Finding]]:
    try:
        return bearer_token(authorization), []
    except SnapError:
        if not authorization:
            return "", [Finding(Verdict.TOKEN_MISSING)]
        text = _BEFORE.sub("", authorization, count=1).rstrip(_BEHIND)
        return text, [Finding(Verdict.TOKEN_MALFORMED, {"length": len(authorization)})]


def _opened(text: str, knowledge: MerchantContext) -> tuple[VerifiedToken | None, list[Finding]]:
    keys, now = knowledge.token_keys, knowledge.now
    with suppress(TokenRefusedError):
        return keys.verify(text, now), []
    # Opened as of its own time: if that works, only its time is over.
    with suppress(TokenRefusedError, ValueError, OverflowError, OSError):
        issued_at = _issued_at(text)
        opened = keys.verify(text, issued_at)
        facts: Evidence = {
            "issued_at": render(issued_at),
            "expired_at": render(issued_at + keys.lifetime),
            "age_seconds": round((now - issued_at).total_seconds()),
            "lifetime_seconds": round(keys.lifetime.total_seconds()),
        }
        return opened, [Finding(Verdict.TOKEN_EXPIRED, facts)]
    return None, [Finding(Verdict.TOKEN_TAMPERED, {"length": len(text)})]


def _issued_at(text: str) -> datetime:
    """What the token says of itself, before its authenticity is known."""
    return datetime.fromtimestamp(int.from_bytes(urlsafe_b64decode(text)[_STAMP]), UTC)


def _of_partner(opened: VerifiedToken, client: Client, partner: str, knowledge: MerchantContext) -> list[Finding]:
    if not client.known:
        return [Finding(Verdict.CLIENT_UNKNOWN, {"client": opened.client_key, "known": knowledge.client_keys})]
    if client.suspended:
        return [Finding(Verdict.CLIENT_SUSPENDED, {"client": client.key})]
    if partner in {"", client.partner_id}:
        return []
    facts: Evidence = {"token_of": client.key, "wanted": client.partner_id, "sent": masked_prefix(partner, _SHOWN)}
    other = knowledge.of_partner(partner)
    return [Finding(Verdict.TOKEN_OF_ANOTHER_CLIENT if other else Verdict.CALL_PARTNER_UNKNOWN, facts)]
