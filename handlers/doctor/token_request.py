"""A request for a token: everything that is wrong with it, in the server's order."""

from collections.abc import Iterator

from handlers.doctor import form
from handlers.doctor.checks import asymmetric_signature, clock
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.claim import Claim
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix

_METHOD = "POST"
_SHOWN = 120
_LONGEST_KEY = 36


def findings(request: Request, knowledge: MerchantContext, effort: VerificationBudget) -> Iterator[Finding]:
    """Form, clock, client, signature; the client's own window last, as it is told only to the client itself."""
    yield from _form(request, knowledge)
    client_key, timestamp = request.get("X-CLIENT-KEY"), request.get("X-TIMESTAMP")
    client = knowledge.clients.find(client_key)
    early = clock.findings(timestamp, knowledge.now, knowledge.clients.widest_tolerance)
    yield from early
    yield from _of_client(client, client_key, knowledge)
    raw = asymmetric_signature.spelt(request, knowledge.clients)[0]
    if raw:
        yield from asymmetric_signature.findings(Claim(raw, request, client_key), knowledge.clients, effort)
    if not early:
        yield from clock.findings(timestamp, knowledge.now, client.clock_tolerance)


def _form(request: Request, knowledge: MerchantContext) -> Iterator[Finding]:
    yield from form.too_large(request)
    yield from form.protocol(request)
    if request.path != knowledge.token_path:
        yield Finding(
            Verdict.PATH_UNKNOWN, {"path": masked_prefix(request.path, _SHOWN), "wanted": knowledge.token_path}
        )
    elif request.method != _METHOD:
        yield Finding(Verdict.METHOD_WRONG, {"method": masked_prefix(request.method, _SHOWN), "wanted": _METHOD})
    yield from form.duplicated(request, form.OF_TOKEN_REQUEST)
    yield from form.media_type(request)
    yield from form.headers(request, form.OF_TOKEN_REQUEST, asymmetric_signature.spelt(request, knowledge.clients)[1])
    yield from form.token_body(request.body)


def _of_client(client: Client, client_key: str, knowledge: MerchantContext) -> Iterator[Finding]:
    if client_key and not client.known:
        yield Finding(
            Verdict.CLIENT_UNKNOWN, {"client": masked_prefix(client_key, _LONGEST_KEY), "known": knowledge.client_keys}
        )
    if client.suspended:
        yield Finding(Verdict.CLIENT_SUSPENDED, {"client": client.key})
