"""The checks of the signatures of calls without a token, and of calls that a notification key signed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from handlers.doctor.candidates import particulars
from handlers.doctor.candidates.call_strings import SignedCallParts, call_strings
from handlers.doctor.candidates.strings_to_sign import Candidate
from handlers.doctor.checks import asymmetric_signature
from handlers.doctor.checks.asymmetric_signature import NO_KEY_MATCHES, Strings
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.client import Client
from handlers.snap.clients import Clients
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
    signed: SignedRequest,
    clients: Clients,
    budget: VerificationBudget,
    service: Service | None = None,
    other_paths: Sequence[str] = (),
) -> list[Finding]:
    """Return what is wrong with the signature of a body-signed call, or an empty list if it is genuine.

    Without the service, as without the body, only the key, the hash and the padding are checked. `other_paths` are the
    paths of other services, which the client may have signed.
    """
    client = clients.find(signed.client_key)
    candidates = partial(_strings_to_sign, signed, client, service, other_paths) if service else _no_strings
    found = asymmetric_signature.findings(signed, clients, budget, candidates)
    if NO_KEY_MATCHES & _verdicts(found):
        found = with_notification_key(signed, clients, budget, candidates) or found
    return _for_body(found)


def with_notification_key(
    signed: SignedRequest, clients: Clients, budget: VerificationBudget, strings: Strings | None = None
) -> list[Finding]:
    """Return what is wrong with a call that is not a notification, if a notification key signed it.

    The list is empty if none of these keys made the signature.
    """
    notifying = _with_notification_keys(clients)
    found = asymmetric_signature.findings(signed, notifying, budget, strings)
    if not notifying.find(signed.client_key).public_keys or NO_KEY_MATCHES & _verdicts(found):
        return []
    return [Finding(Verdict.CALL_SIGNED_WITH_NOTIFICATION_KEY), *found]


def _for_body(findings: list[Finding]) -> list[Finding]:
    """Replace the message about the string to sign of the other forms."""
    other = Finding(Verdict.CALL_STRING_UNKNOWN)
    return [other if each.verdict == Verdict.STRING_UNKNOWN else each for each in findings]


def _verdicts(findings: list[Finding]) -> set[Verdict]:
    return {each.verdict for each in findings}


@lru_cache(maxsize=1)  # The server diagnoses many requests with the same clients, and a thousand of them take 30 ms.
def _with_notification_keys(clients: Clients) -> Clients:
    """Return the clients with their notification keys in place of their other keys."""
    return Clients([replace(each, public_keys=each.notification_keys, padding=()) for each in clients])


def _strings_to_sign(
    signed: SignedRequest, client: Client, service: Service, other_paths: Sequence[str]
) -> Iterator[Candidate]:
    """Yield the right strings to sign, then those of other settings, then those with mistakes."""
    yield from particulars.strings_to_sign(signed.request, None, client, service, signed_by_secret=False)
    by_key = replace(client.particulars, empty_token_slot=False)
    call = particulars.as_signed(signed.request, None, by_key, service)
    parts = SignedCallParts(call, signed.request, signed.client_key, other_paths=other_paths)
    yield from (Candidate(each.message, each.mistakes) for each in call_strings(parts))


def _no_strings() -> Iterator[Candidate]:
    return iter(())
