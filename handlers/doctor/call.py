"""A call that follows the token: everything that is wrong with it, in the server's order."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.doctor import form, question
from handlers.doctor.checks import access_token, asymmetric_signature, clock, symmetric_signature
from handlers.doctor.checks.access_token import Bearer
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.claim import Claim
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import SYMMETRIC, Evidence, Finding, Verdict
from handlers.snap.call import Call
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix
from handlers.snap.replay_key import ReplayKey

_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature's bytes, the call that it came with, the call's token, and the client that must have signed."""

    raw: bytes
    request: Request
    bearer: Bearer
    client: Client


_WITHOUT_TOKEN = frozenset({Verdict.TOKEN_MISSING, Verdict.TOKEN_MALFORMED})


def findings(request: Request, knowledge: MerchantContext, effort: VerificationBudget) -> Iterator[Finding]:
    """The question of a proxy, form, path, token, partner, clock, signature, external id."""
    yield from _form(request, knowledge)
    spelt = asymmetric_signature.spelt(request, knowledge.clients)
    yield from form.headers(request, form.OF_CALL, spelt[1])
    if not request.without_body:
        yield from form.body_too_large(request.body, knowledge.largest_call_body)
    yield from _of_service(request, knowledge)
    bearer = access_token.read(request, knowledge)
    yield from bearer.findings
    if bearer.client and bearer.client.known:
        yield from clock.findings(request.get("X-TIMESTAMP"), knowledge.now, bearer.client.clock_tolerance)
        if spelt[0]:
            yield from _of_signature(Signed(spelt[0], request, bearer, bearer.client), knowledge, effort)
        yield from _repeated(request, knowledge, bearer.client)


def _form(request: Request, knowledge: MerchantContext) -> Iterator[Finding]:
    """What the server checks of any request, and of the question about this one."""
    received = request.question or request
    yield from form.too_large(received)
    yield from form.protocol(received)
    if request.question:
        yield from question.findings(request.question, knowledge)
    yield from form.duplicated(request, form.OF_CALL, "Authorization")
    yield from form.asked(request)


def _of_service(request: Request, knowledge: MerchantContext) -> Iterator[Finding]:
    methods = knowledge.methods_at(request.path)
    if request.target and request.path not in knowledge.call_paths:
        yield Finding(
            Verdict.PATH_UNKNOWN, {"path": masked_prefix(request.path, _SHOWN), "wanted": knowledge.call_places}
        )
    elif request.method and request.method not in methods:
        yield Finding(
            Verdict.METHOD_WRONG, {"method": masked_prefix(request.method, _SHOWN), "wanted": ", ".join(methods)}
        )


def replay_key_of(request: Request, knowledge: MerchantContext) -> str:
    """What is remembered of a genuine call, so that its X-EXTERNAL-ID is not taken twice that day."""
    client = access_token.read(request, knowledge).client
    return _replay_key(request, knowledge, client) if client else ""


def _of_signature(signed: Signed, knowledge: MerchantContext, effort: VerificationBudget) -> list[Finding]:
    """In the form that was agreed; if it does not hold, in the other."""
    request, client = signed.request, signed.client
    if client.client_secret is not None and request.without_body and _lacks_body(request):
        return [Finding(Verdict.CALL_BODY_NOT_FORWARDED, {"method": masked_prefix(request.method, _SHOWN)})]
    claim = Claim(signed.raw, request, client.key)
    symmetric = symmetric_signature.findings(claim, signed.bearer.text, knowledge.secrets, effort)
    facts: Evidence = {"client": client.key}
    if client.client_secret is not None and symmetric is not None:
        return symmetric
    asymmetric = asymmetric_signature.findings(claim, knowledge.clients, effort)
    if client.client_secret is None:
        return asymmetric if symmetric is None else [Finding(Verdict.CALL_SIGNED_SYMMETRICALLY, facts), *symmetric]
    if not asymmetric_signature.UNFIT & {finding.verdict for finding in asymmetric}:
        return [Finding(Verdict.CALL_SIGNED_ASYMMETRICALLY, facts), *asymmetric]
    return _unfit(signed)


def _unfit(signed: Signed) -> list[Finding]:
    """The token is part of what is signed: without it, nothing is known of an HMAC that does not hold."""
    facts: Evidence = {"length": len(signed.raw), "wanted": symmetric_signature.RIGHT_SIZE, SYMMETRIC: "HMAC-SHA512"}
    if len(signed.raw) not in symmetric_signature.HASH_BY_SIZE:
        return [Finding(Verdict.SIGNATURE_WRONG_LENGTH, facts)]
    if _WITHOUT_TOKEN & {finding.verdict for finding in signed.bearer.findings}:
        return []
    if _lacks_body(signed.request):
        return [Finding(Verdict.CALL_BODY_NOT_FORWARDED, {"method": masked_prefix(signed.request.method, _SHOWN)})]
    return [Finding(Verdict.KEY_UNKNOWN, facts)]


def _lacks_body(request: Request) -> bool:
    return Call(request.method, request.uri, "", "", None if request.without_body else request.body).lacks_body


def _repeated(request: Request, knowledge: MerchantContext, client: Client) -> Iterator[Finding]:
    if _replay_key(request, knowledge, client) in knowledge.used:
        yield Finding(
            Verdict.CALL_EXTERNAL_ID_REPEATED, {"external_id": masked_prefix(request.get("X-EXTERNAL-ID"), _SHOWN)}
        )


def _replay_key(request: Request, knowledge: MerchantContext, client: Client) -> str:
    timestamp, external_id = request.get("X-TIMESTAMP"), request.get("X-EXTERNAL-ID")
    try:
        return ReplayKey.of_call(client.key, timestamp, external_id, knowledge.now, client.clock_tolerance).key
    except (ValueError, OverflowError):  # It is no time, or its day is the last of the calendar.
        return ""
