"""The cheap part of the reasoning, for the log of a server that has refused a request already: why was it?"""

from handlers.doctor.checks import asymmetric_signature
from handlers.doctor.checks.symmetric_signature import HASH_BY_SIZE
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.claim import Claim
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Verdict
from handlers.snap.client import Client, Clients

VERIFICATIONS = 2
"""At most so many operations with a public key, whatever the request."""

_CONSTANTS = frozenset(Verdict)
_OTHER_NAMES = {
    "authorization.malformed": Verdict.TOKEN_MALFORMED,
    "body.too_large": Verdict.REQUEST_TOO_LARGE,
    "call.repeated": Verdict.CALL_EXTERNAL_ID_REPEATED,
    "content_encoding.present": Verdict.BODY_COMPRESSED,
    "headers.too_large": Verdict.REQUEST_TOO_LARGE,
    "method.not_supported": Verdict.METHOD_WRONG,
    "path.unmapped": Verdict.PATH_UNKNOWN,
    "target.malformed": Verdict.PATH_UNKNOWN,
    "target.too_long": Verdict.REQUEST_TOO_LARGE,
    "token.absent": Verdict.TOKEN_MISSING,
}
_OF_GRANT_TYPE = {
    "body.field_missing": Verdict.BODY_GRANT_TYPE_MISSING,
    "body.field_malformed": Verdict.BODY_GRANT_TYPE_WRONG,
}
_OF_CLIENT = frozenset({"signature.mismatch", "client.unknown", "client.suspended"})


def verdict(reason: str, field: str, request: Request, clients: Clients) -> Verdict | None:
    """From the server's reason and the field that it names; None for a reason that is none of the doctor's.

    Whatever makes an unknown client differ from a wrong signature is the same work for both.
    """
    if reason == "header.malformed":
        return _malformed(field, request, clients)
    if reason == "partner.mismatch":
        known = any(client.partner_id == request.get("X-PARTNER-ID") for client in clients)
        return Verdict.TOKEN_OF_ANOTHER_CLIENT if known else Verdict.CALL_PARTNER_UNKNOWN
    found = _signed(request, clients) if reason in _OF_CLIENT else None
    if reason == "signature.mismatch":
        return found
    if field == "grantType" and reason in _OF_GRANT_TYPE:
        return _OF_GRANT_TYPE[reason]
    return Verdict(reason) if reason in _CONSTANTS else _OTHER_NAMES.get(reason)


def _malformed(field: str, request: Request, clients: Clients) -> Verdict:
    if field == "X-TIMESTAMP":
        return Verdict.TIMESTAMP_MALFORMED
    spelt = asymmetric_signature.spelt(request, clients)[1] if field == "X-SIGNATURE" else None
    return spelt.verdict if spelt else Verdict.HEADER_MALFORMED


def _signed(request: Request, clients: Clients) -> Verdict | None:
    """The spelling, if it is another; else what two operations tell of the signature."""
    raw, spelt = asymmetric_signature.spelt(request, clients)
    if raw is None or spelt:
        return spelt.verdict if spelt else None
    client = _client(request, clients)
    findings = asymmetric_signature.findings(
        Claim(raw, request, client.key), clients, VerificationBudget(VERIFICATIONS)
    )
    found = findings[0].verdict if findings else None
    if client.client_secret is None or request.get("X-CLIENT-KEY"):
        return found
    if len(raw) in HASH_BY_SIZE:
        return None
    return found if found in asymmetric_signature.UNFIT else Verdict.CALL_SIGNED_ASYMMETRICALLY


def _client(request: Request, clients: Clients) -> Client:
    """Of a request for a token, or of a call; the stand-in if it is nobody's."""
    partner = request.get("X-PARTNER-ID")
    of_partner = (client.key for client in clients if client.partner_id == partner)
    return clients.find(request.get("X-CLIENT-KEY") or next(of_partner, ""))
