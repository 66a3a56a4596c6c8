"""The checks of a call, in the server's order. Those of a call without a token are in `call_without_token`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.doctor import authorize_request, call_without_token, header_names, request_format
from handlers.doctor.call_without_token import CallWithoutToken
from handlers.doctor.checks import (
    access_token,
    asymmetric_signature,
    clock,
    particulars,
    repeats,
    symmetric_signature,
    without_token,
)
from handlers.doctor.checks.access_token import TokenCheck
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.call import Call
from handlers.snap.call_form import CallForm, form_of_call
from handlers.snap.client import Client
from handlers.snap.codes import SnapError
from handlers.snap.service import DEFAULT_METHODS


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A call, its decoded signature, its checked token, and the client that should have signed it."""

    signature: bytes
    request: Request
    token: TokenCheck
    client: Client


def findings(request: Request, context: MerchantContext, budget: VerificationBudget) -> Iterator[Finding]:
    """Check the proxy's request, format, form and path. With a token: token, partner, clock, signature, repeat."""
    yield from _format(request, context)
    signature, encoding = asymmetric_signature.decode(request, context.clients)
    yield from request_format.headers(request, request_format.CALL_HEADERS, encoding)
    form, form_findings = _form(request, context)
    yield from form_findings
    if not request.body_not_forwarded:
        yield from request_format.body_too_large(request.body, context.largest_call_body)
    yield from _service(request, context)
    if form == "token":
        yield from _with_token(request, signature, context, budget)
    elif form:
        yield from call_without_token.findings(CallWithoutToken(form, request, signature), context, budget)


def _form(request: Request, context: MerchantContext) -> tuple[CallForm | None, list[Finding]]:
    """Return the form of the call, None if its headers fit none, and what is wrong with the headers."""
    authorization, client_key = request.get("Authorization"), request.get("X-CLIENT-KEY")
    partner_id, form, accepted = request.get("X-PARTNER-ID"), None, context.forms_at(request.path)
    try:
        form = form_of_call(accepted, authorization, client_key, partner_id)
    except SnapError as refused:
        if refused.reason == "header.missing":
            others = ["X-EXTERNAL-ID"] if accepted == ("body-signed",) and not request.get("X-EXTERNAL-ID") else []
            return None, [Finding(Verdict.HEADER_MISSING, {"header": ", ".join([refused.field, *others])})]
        return None, [Finding(Verdict(refused.reason), {"header": refused.field, "forms": ", ".join(accepted)})]
    return form, [*header_names.missing(request, form), *_notification(request, accepted)]


def _notification(request: Request, accepted: Sequence[CallForm]) -> Iterator[Finding]:
    """A notification at a path that accepts calls with a token only. The server reads it as one of them."""
    others = any(request.get(name) for name in ("Authorization", "X-PARTNER-ID"))
    if set(accepted) == {"token"} and request.get("X-CLIENT-KEY") and not others:
        evidence: Evidence = {"header": "X-CLIENT-KEY", "forms": ", ".join(accepted)}
        yield Finding(Verdict.CALL_FORM_NOT_ACCEPTED, evidence)


def _with_token(
    request: Request, signature: bytes | None, context: MerchantContext, budget: VerificationBudget
) -> Iterator[Finding]:
    token = access_token.check(request, context)
    yield from token.findings
    if token.client and token.client.known:
        yield from clock.findings(request.get("X-TIMESTAMP"), context.now, token.client.clock_tolerance)
        if signature and request.get("X-TIMESTAMP"):
            yield from _signature(SignedCall(signature, request, token, token.client), context, budget)
        yield from particulars.headers(request, token.client)
        yield from repeats.findings(request, "token", token.client, context)


def _format(request: Request, context: MerchantContext) -> Iterator[Finding]:
    """Check the format of the request that reached the server: the authorize request, or else the call itself."""
    received = request.authorize_request or request
    yield from request_format.too_large(received)
    yield from request_format.protocol(received)
    if request.authorize_request:
        yield from authorize_request.findings(request.authorize_request, context)
    yield from request_format.duplicated(request, request_format.CALL_HEADERS, "Authorization")
    yield from request_format.method_and_uri(request)


def _service(request: Request, context: MerchantContext) -> Iterator[Finding]:
    service = context.called_services.get(request.path)
    if service is None and request.target:
        yield request_format.path_unknown(request.path, context.call_paths_text)
        return
    methods = service.methods if service else DEFAULT_METHODS
    if request.method and request.method not in methods:
        yield request_format.method_wrong(request.method, ", ".join(methods))


def replay_key_of(request: Request, context: MerchantContext) -> str:
    """Return the replay key of a call (see `ReplayKey`), or an empty string if it has none."""
    form, _ = _form(request, context)
    if form in {"notification", "body-signed"}:
        client: Client | None = CallWithoutToken(form, request, None).client(context)
    else:
        client = access_token.check(request, context).client
    return repeats.replay_key(request, form or "token", client, context) if client else ""


def _signature(call: SignedCall, context: MerchantContext, budget: VerificationBudget) -> list[Finding]:
    """Try the form of signature that the settings name for the client, then the other form."""
    request, client = call.request, call.client
    if client.client_secret is not None and request.body_not_forwarded and _lacks_body(request):
        return [request_format.body_not_forwarded(request)]
    signed = SignedRequest(call.signature, request, client.key)
    service, secrets = context.service_at(request.path), client.secrets
    of_settings = particulars.symmetric_signature(signed, call.token.text, client, service, secrets)
    if of_settings is not None:
        return of_settings
    symmetric = symmetric_signature.findings(signed, call.token.text or None, context, budget)
    if client.client_secret is None:
        return _of_key_pair(signed, symmetric, context, budget)
    if symmetric is not None:
        return symmetric
    asymmetric = asymmetric_signature.findings(signed, context.clients, budget)
    if not asymmetric_signature.NO_KEY_MATCHES & {finding.verdict for finding in asymmetric}:
        return [Finding(Verdict.CALL_SIGNED_ASYMMETRICALLY, {"client": client.key}), *asymmetric]
    return _no_secret_matches(call)


def _of_key_pair(
    signed: SignedRequest, symmetric: list[Finding] | None, context: MerchantContext, budget: VerificationBudget
) -> list[Finding]:
    """Explain a signature that a key pair should have made. `symmetric` is None if no secret made it."""
    if symmetric is not None:
        return [Finding(Verdict.CALL_SIGNED_SYMMETRICALLY, {"client": signed.client_key}), *symmetric]
    found = asymmetric_signature.findings(signed, context.clients, budget)
    if asymmetric_signature.NO_KEY_MATCHES & {finding.verdict for finding in found}:
        return without_token.with_notification_key(signed, context.clients, budget) or found
    return found


def _no_secret_matches(call: SignedCall) -> list[Finding]:
    """Explain a symmetric signature that no known secret made.

    If the token is not certain, there is no finding, because the token is part of the string to sign.
    """
    unexplained = symmetric_signature.unexplained(call.signature, call.request.get("X-SIGNATURE"))
    if unexplained.verdict != Verdict.KEY_UNKNOWN:
        return [unexplained]
    if not call.token.certain:
        return []
    return [request_format.body_not_forwarded(call.request) if _lacks_body(call.request) else unexplained]


def _lacks_body(request: Request) -> bool:
    return Call(request.method, request.uri, "", "", None if request.body_not_forwarded else request.body).lacks_body
