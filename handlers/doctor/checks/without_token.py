"""The checks of the signatures of calls without a token: notifications and body-signed calls."""

from collections.abc import Iterator
from dataclasses import replace

from handlers.doctor.candidates import particulars
from handlers.doctor.candidates.strings_to_sign import Candidate
from handlers.doctor.checks import asymmetric_signature
from handlers.doctor.checks.asymmetric_signature import NO_KEY_MATCHES
from handlers.doctor.checks.symmetric_signature import Part, body_hashes, endpoints, timestamps_of
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.client import Clients
from handlers.snap.service import Service


def of_notification(signed: SignedRequest, clients: Clients, budget: VerificationBudget) -> list[Finding]:
    """Return what is wrong with the signature of a notification, or an empty list if it is genuine."""
    found = asymmetric_signature.findings(signed, _with_notification_keys(clients), budget)
    if NO_KEY_MATCHES & _verdicts(found):
        with_transaction_key = asymmetric_signature.findings(signed, clients, budget)
        if not NO_KEY_MATCHES & _verdicts(with_transaction_key):
            return [Finding(Verdict.CALL_SIGNED_WITH_TRANSACTION_KEY), *with_transaction_key]
    return found


def of_body_signed(
    signed: SignedRequest, clients: Clients, budget: VerificationBudget, service: Service | None = None
) -> list[Finding]:
    """Return what is wrong with the signature of a body-signed call, or an empty list if it is genuine.

    Without the service, as without the body, only the key, the hash and the padding are checked.
    """
    client, candidates = clients.find(signed.client_key), []
    if service:
        of_settings = particulars.strings_to_sign(signed.request, None, client, service, signed_by_secret=False)
        candidates = [*of_settings, *_strings_to_sign(signed.request)]
    found = asymmetric_signature.findings(signed, clients, budget, candidates)
    if NO_KEY_MATCHES & _verdicts(found):
        notifying = _with_notification_keys(clients)
        with_notification_key = asymmetric_signature.findings(signed, notifying, budget, candidates)
        if notifying.find(signed.client_key).public_keys and not NO_KEY_MATCHES & _verdicts(with_notification_key):
            return [Finding(Verdict.CALL_SIGNED_WITH_NOTIFICATION_KEY), *_for_body(with_notification_key)]
    return _for_body(found)


def _for_body(findings: list[Finding]) -> list[Finding]:
    """Replace the message about the string to sign of the other forms."""
    other = Finding(Verdict.CALL_STRING_UNKNOWN)
    return [other if each.verdict == Verdict.STRING_UNKNOWN else each for each in findings]


def _verdicts(findings: list[Finding]) -> set[Verdict]:
    return {each.verdict for each in findings}


def _with_notification_keys(clients: Clients) -> Clients:
    """Return the clients with their notification keys in place of their other keys."""
    return Clients([replace(each, public_keys=each.notification_keys, padding=()) for each in clients])


def _strings_to_sign(request: Request) -> Iterator[Candidate]:
    """Yield the right strings to sign, then those with one mistake."""
    choices = (
        [Part(request.method.encode())],
        list(endpoints(request)),
        list(body_hashes(request.body)),
        list(timestamps_of(request.get("X-TIMESTAMP"))),
    )
    right = [next(part for part in parts if not part.finding) for parts in choices]
    for position, parts in enumerate(choices):
        for part in parts:
            changed = [*right[:position], part, *right[position + 1 :]]
            yield Candidate(b":".join(each.value for each in changed), part.finding)
