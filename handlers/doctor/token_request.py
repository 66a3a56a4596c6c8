"""The checks of a token request, in the server's order."""

from collections.abc import Iterator

from handlers.doctor import request_format
from handlers.doctor.checks import asymmetric_signature, clock, sender
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Finding

_METHOD = "POST"


def findings(request: Request, context: MerchantContext, budget: VerificationBudget) -> Iterator[Finding]:
    """Check format, clock, client and signature.

    The client's own time window comes last, because the server reveals it only after the signature has been verified.
    """
    yield from _format(request, context)
    client_key, timestamp = request.get("X-CLIENT-KEY"), request.get("X-TIMESTAMP")
    client = context.clients.find(client_key)
    outside_widest = clock.findings(timestamp, context.now, context.clients.widest_tolerance)
    yield from outside_widest
    yield from sender.address(request, client)
    yield from sender.status(client, client_key, context.client_keys_text)
    signature, _ = asymmetric_signature.decode(request, context.clients)
    if signature and client_key and timestamp:
        yield from asymmetric_signature.findings(SignedRequest(signature, request, client_key), context.clients, budget)
    if not outside_widest:
        yield from clock.findings(timestamp, context.now, client.clock_tolerance)


def _format(request: Request, context: MerchantContext) -> Iterator[Finding]:
    yield from request_format.too_large(request)
    yield from request_format.protocol(request)
    if request.path != context.token_path:
        yield request_format.path_unknown(request.path, context.token_path)
    elif request.method != _METHOD:
        yield request_format.method_wrong(request.method, _METHOD)
    yield from request_format.duplicated(request, request_format.TOKEN_REQUEST_HEADERS)
    _, encoding = asymmetric_signature.decode(request, context.clients)
    yield from request_format.headers(request, request_format.TOKEN_REQUEST_HEADERS, encoding)
    yield from request_format.media_type(request)
    yield from request_format.token_request_body(request.body)
