"""The checks of a call without a token, in the server's order."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.doctor.checks import asymmetric_signature, caller_address, clock, particulars, without_token
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import SYMMETRIC, Finding, Verdict
from handlers.snap.call import Call
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix
from handlers.snap.replay_key import ReplayKey

_SHOWN = 36
"""Characters of an ID that a message shows."""


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
        yield Finding(Verdict.CALL_BODY_NOT_FORWARDED, {"method": masked_prefix(request.method, _SHOWN)})
        return
    early = clock.findings(timestamp, context.now, context.clients.widest_tolerance)
    yield from early
    yield from caller_address.findings(request, client)
    yield from _client(call, client, context)
    if call.signature and client.known and timestamp:
        yield from _signature(call, SignedRequest(call.signature, request, client.key), context, budget)
    if not early:
        yield from clock.findings(timestamp, context.now, client.clock_tolerance)
    if client.known and not call.is_notification:
        yield from particulars.headers(request, client)
    if replay_key(call, context) in context.used_replay_keys:
        yield _repeated(call)


def _client(call: CallWithoutToken, client: Client, context: MerchantContext) -> Iterator[Finding]:
    if not client.known:
        known = context.client_keys_text if call.is_notification else context.partner_ids_text
        yield Finding(Verdict.CLIENT_UNKNOWN, {"client": masked_prefix(call.client_id, _SHOWN), "known": known})
    if client.suspended:
        yield Finding(Verdict.CLIENT_SUSPENDED, {"client": client.key})
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
    if by_secret is not None:
        return by_secret
    found = without_token.of_body_signed(signed, context.clients, budget, service, context.paths)
    if not client.secrets_without_token:
        return found
    if asymmetric_signature.NO_KEY_MATCHES & {each.verdict for each in found}:
        return [Finding(Verdict.KEY_UNKNOWN, {SYMMETRIC: "HMAC-SHA512"})]
    return [Finding(Verdict.CALL_SIGNED_ASYMMETRICALLY, {"client": client.key})]


def _repeated(call: CallWithoutToken) -> Finding:
    if call.is_notification:
        return Finding(Verdict.CALL_NOTIFICATION_REPEATED)
    external_id = masked_prefix(call.request.get("X-EXTERNAL-ID"), _SHOWN)
    return Finding(Verdict.CALL_EXTERNAL_ID_REPEATED, {"external_id": external_id})


def replay_key(call: CallWithoutToken, context: MerchantContext) -> str:
    """Return the replay key of the call (see `ReplayKey`), or an empty string if it has none."""
    client, timestamp, request = call.client(context), call.request.get("X-TIMESTAMP"), call.request
    tolerance = client.clock_tolerance
    try:
        if call.is_notification:
            return ReplayKey.of_notification(client.key, timestamp, request.body, tolerance).key
        external_id = request.get("X-EXTERNAL-ID")
        return ReplayKey.of_call(client.key, timestamp, external_id, context.now, tolerance).key
    except (ValueError, OverflowError):  # X-TIMESTAMP is malformed, or its day is the last one of the calendar.
        return ""
