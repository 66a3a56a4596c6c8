"""The verdict that the server logs with a refusal. Only cheap checks run here."""

from handlers.doctor import header_names
from handlers.doctor.checks import asymmetric_signature, authorization_header, without_token
from handlers.doctor.checks.signature_encoding import FOR_LOG
from handlers.doctor.checks.symmetric_signature import HASH_BY_SIZE
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Verdict
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.clients import Clients

VERIFICATIONS = 2
"""The most operations with a public key for one request."""

LONGEST_AUTHORIZATION = 2_048
"""Characters of Authorization that are examined. An access token has fewer."""

_VERDICTS = frozenset(Verdict)
_VERDICT_BY_REASON = {
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
_VERDICT_ON_GRANT_TYPE = {
    "body.field_missing": Verdict.BODY_GRANT_TYPE_MISSING,
    "body.field_malformed": Verdict.BODY_GRANT_TYPE_WRONG,
    "body.field_misspelt": Verdict.BODY_GRANT_TYPE_MISSPELT,
}
_REASONS_OF_TOKEN = frozenset({"authorization.malformed", "token.tampered"})
_SAME_WORK = frozenset(
    {
        *("signature.mismatch", "client.unknown", "client.suspended"),
        *("client.address_not_allowed", "client.without_notification_keys"),
    }
)


def verdict(reason: str, field: str, request: Request, clients: Clients, form: CallForm = "token") -> Verdict | None:
    """Return the verdict for the server's reason and the field that its answer names, or None if there is no verdict.

    `form` is the form of a call. It does not matter for a token request.

    An unknown client, a suspended client, a wrong address and a wrong signature cost the same work, so that timing does
    not reveal which of them it was.
    """
    if reason == "header.malformed" or reason in _REASONS_OF_TOKEN:
        return _malformed("Authorization" if reason in _REASONS_OF_TOKEN else field, request, clients)
    if reason == "partner.mismatch":
        known = any(request.get("X-PARTNER-ID") in client.partner_ids for client in clients)
        return Verdict.TOKEN_OF_ANOTHER_CLIENT if known else Verdict.CALL_PARTNER_UNKNOWN
    misnamed = _misnamed(reason, field, request)
    if reason == "call.repeated" and form == "notification":
        return Verdict.CALL_NOTIFICATION_REPEATED
    found = _signature(request, clients, form) if reason in _SAME_WORK else None
    if reason == "signature.mismatch":
        return found
    if field == "grantType" and reason in _VERDICT_ON_GRANT_TYPE:
        return _VERDICT_ON_GRANT_TYPE[reason]
    return misnamed or (Verdict(reason) if reason in _VERDICTS else _VERDICT_BY_REASON.get(reason))


def _misnamed(reason: str, field: str, request: Request) -> Verdict | None:
    """Return the verdict on the name of a missing header, if the request has it under another name."""
    wanted = {"header.missing": field.split(" or "), "token.absent": ["Authorization"]}.get(reason, [])
    _, findings = header_names.renamed(request, wanted)
    return findings[0].verdict if findings else None


def _malformed(field: str, request: Request, clients: Clients) -> Verdict:
    if field == "X-TIMESTAMP":
        return Verdict.TIMESTAMP_MALFORMED
    if field == "Authorization":
        mistake = authorization_header.read(request.get("Authorization")[:LONGEST_AUTHORIZATION]).finding
        return mistake.verdict if mistake else Verdict.TOKEN_TAMPERED
    encoding = asymmetric_signature.decode(request, clients, FOR_LOG)[1] if field == "X-SIGNATURE" else None
    return encoding.verdict if encoding else Verdict.HEADER_MALFORMED


def _signature(request: Request, clients: Clients, form: CallForm) -> Verdict | None:
    """Return the verdict on the encoding of the signature, or else what two operations with a key can find out."""
    signature, encoding = asymmetric_signature.decode(request, clients, FOR_LOG)
    if signature is None or encoding:
        return encoding.verdict if encoding else None
    client = _client(request, clients)
    signed, budget = SignedRequest(signature, request, client.key), VerificationBudget(VERIFICATIONS)
    if form == "body-signed":
        findings = without_token.of_body_signed(signed, clients, budget)
        if client.secrets_without_token:  # The body is not known here, and without it, nothing is known of an HMAC.
            return None if len(signature) in HASH_BY_SIZE else Verdict.CALL_SIGNED_ASYMMETRICALLY
    elif form == "notification":
        findings = without_token.of_notification(signed, clients, budget)
    else:
        return _with_token(signed, client, clients, budget)
    return findings[0].verdict if findings else None


def _with_token(signed: SignedRequest, client: Client, clients: Clients, budget: VerificationBudget) -> Verdict | None:
    """Return the verdict on the signature of a token request, or of a call with a token."""
    request, signature = signed.request, signed.signature
    findings = asymmetric_signature.findings(signed, clients, budget)
    found = findings[0].verdict if findings else None
    if client.client_secret is None or request.get("X-CLIENT-KEY"):
        return found
    if len(signature) in HASH_BY_SIZE:
        return None
    return found if found in asymmetric_signature.NO_KEY_MATCHES else Verdict.CALL_SIGNED_ASYMMETRICALLY


def _client(request: Request, clients: Clients) -> Client:
    """Return the client of a token request or of a call, or the stand-in for an unknown client."""
    partner = request.get("X-PARTNER-ID")
    of_partner = (client.key for client in clients if partner in client.partner_ids)
    return clients.find(request.get("X-CLIENT-KEY") or next(of_partner, ""))
