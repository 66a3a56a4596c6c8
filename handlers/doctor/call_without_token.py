"""The checks of a call without a token, in the server's order."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.doctor import request_format
from handlers.doctor.checks import (
    asymmetric_signature,
    clock,
    particulars,
    repeats,
    sender,
    symmetric_signature,
    without_token,
)
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.call import Call
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client


@dataclass(frozen=True, slots=True)
class CallWithoutToken:
    """A notification or a body-signed call, and its decoded signature, which is None if it is malformed."""

    form: CallForm
    request: Request
    signature: bytes | None

    @property
    def is_notification(self) -> bool:
        """Whether it is a notification."""
        return self.form == "notification"

    @property
    def client_id(self) -> str:
        """The header value that names the client."""
        return self.request.get("X-CLIENT-KEY" if self.is_notification else "X-PARTNER-ID")

    def client(self, context: MerchantContext) -> Client:
        """Return the client that the call names, or the unknown client."""
        key = self.client_id if self.is_notification else context.clients.key_of_partner(self.client_id)
        return context.clients.find(key)


def findings(call: CallWithoutToken, context: MerchantContext, budget: VerificationBudget) -> Iterator[Finding]:
    """Check the body, the timestamp, the client, the signature, and whether the call is a repeat."""
    request, timestamp, client = call.request, call.request.get("X-TIMESTAMP"), call.client(context)
    body = None if request.body_not_forwarded else request.body
    if Call(request.method, request.uri, None, timestamp, body).body_not_forwarded:
        yield request_format.body_not_forwarded(request)
        return
    early = clock.findings(timestamp, context.now, context.clients.widest_tolerance)
    yield from early
    yield from sender.address(request, client)
    yield from _client(call, client, context)
    if call.signature and client.known and timestamp:
        yield from _signature(call, SignedRequest(call.signature, request, client.key), context, budget)
    if not early:
        yield from clock.findings(timestamp, context.now, client.clock_tolerance)
    if client.known and not call.is_notification:
        yield from particulars.headers(request, client)
    yield from repeats.findings(request, call.form, client, context)


def _client(call: CallWithoutToken, client: Client, context: MerchantContext) -> Iterator[Finding]:
    known_ids = context.client_keys_text if call.is_notification else context.partner_ids_text
    yield from sender.status(client, call.client_id, known_ids)
    if client.known and call.is_notification and not client.notification_keys:
        yield Finding(Verdict.CLIENT_WITHOUT_NOTIFICATION_KEYS, {"client": client.key})


def _signature(
    call: CallWithoutToken, signed: SignedRequest, context: MerchantContext, budget: VerificationBudget
) -> list[Finding]:
    if not call.is_notification:
        return _body_signed(call.client(context), signed, context, budget)
    if not call.client(context).notification_keys:
        return []
    return without_token.of_notification(signed, context.clients, budget)


def _body_signed(
    client: Client, signed: SignedRequest, context: MerchantContext, budget: VerificationBudget
) -> list[Finding]:
    """Try the client's secret over an empty token, then its key pair. The settings say which of them is right."""
    service, secrets = context.service_at(signed.request.path), context.secrets.get(client.key, client.secrets)
    by_secret = particulars.symmetric_signature(signed, None, client, service, secrets)
    if by_secret is None and client.secrets_without_token:
        by_secret = symmetric_signature.findings(signed, "", context, budget)
    if by_secret is not None:
        return by_secret
    found = without_token.of_body_signed(signed, context.clients, budget, service, context.paths)
    if not client.secrets_without_token:
        return found
    if asymmetric_signature.NO_KEY_MATCHES & {each.verdict for each in found}:
        return [symmetric_signature.unexplained(signed.signature, signed.request.get("X-SIGNATURE"))]
    return [Finding(Verdict.CALL_SIGNED_ASYMMETRICALLY, {"client": client.key})]
