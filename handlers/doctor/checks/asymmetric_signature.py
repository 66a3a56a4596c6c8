"""The check of the asymmetric signature: which key made it, over which text, with which hash and padding."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import chain, islice

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.doctor.candidates.strings_to_sign import Candidate, likely, with_other_timestamps
from handlers.doctor.candidates.timestamps import FARTHEST_SECONDS
from handlers.doctor.checks import signature_encoding
from handlers.doctor.checks.rsa_recovery import Recovered, recover, verify_as_pss
from handlers.doctor.checks.signature_encoding import Limits
from handlers.doctor.checks.symmetric_signature import HASH_BY_SIZE
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.published_key import published_key

Keys = list[tuple[Client, RSAPublicKey]]
"""Public keys, each with the client that owns it."""

Strings = Callable[[], Iterator[Candidate]]
"""Yields the strings to sign, the right ones first."""

NO_KEY_MATCHES = frozenset(
    {Verdict.KEY_PUBLISHED, Verdict.KEY_UNKNOWN, Verdict.SIGNATURE_WRONG_LENGTH, Verdict.SIGNATURE_CUT_OFF}
)
"""The verdicts on a signature that no key of the settings made."""

_FINGERPRINT_DIGITS = 16
_NEAR_SECONDS = 5
_MOST_TIMES = 300
"""With a limited budget: how far away other seconds are tried, and how many other timestamps are tried."""
_PSS_HASHES = 3
_MOST_PSS_STRINGS = 64
"""The most strings for which a PSS signature is verified, because each takes an operation with a key."""


def findings(
    signed: SignedRequest, clients: Clients, budget: VerificationBudget, strings: Strings | None = None
) -> list[Finding]:
    """Return what is wrong with a signature, or an empty list if it is genuine.

    `strings` yields the strings to sign, if they are not made of client key and timestamp. The verdict is `key.unknown`
    if no key of the settings made the signature.
    """
    client = clients.find(signed.client_key)
    keys = list(_keys(client, clients, budget))
    candidates = strings or partial(_strings_to_sign, signed, clients, budget)
    # PSS comes last, because it takes one operation for each candidate and is the rarer mistake.
    pkcs1 = ((owner, _compare(found, candidates(), budget)) for owner, found in _recover(signed, keys, budget))
    for owner, found in chain(pkcs1, _verify_as_pss(signed, keys, candidates, budget)):
        return [*([] if owner.key == client.key else [_key_of(owner)]), *found]
    backwards = replace(signed, signature=signed.signature[::-1])
    for owner, recovered in _recover(backwards, keys, budget):
        found = [Finding(Verdict.SIGNATURE_BYTES_REVERSED), *_compare(recovered, candidates(), budget)]
        return [*([] if owner.key == client.key else [_key_of(owner)]), *found]
    # Only with an unlimited budget, because the work for a log line must be the same for every client.
    if budget.unlimited and recover(published_key(), signed.signature):
        return [Finding(Verdict.KEY_PUBLISHED)]
    return [_no_key_matches(signed, client)] if client.known else []


def _strings_to_sign(signed: SignedRequest, clients: Clients, budget: VerificationBudget) -> Iterator[Candidate]:
    yield from likely(signed.client_key, signed.request, _other_ids(signed.request, clients))
    yield from _other_timestamps(signed, budget)


def _other_timestamps(signed: SignedRequest, budget: VerificationBudget) -> Iterator[Candidate]:
    timestamp = signed.request.get("X-TIMESTAMP")
    if budget.unlimited:
        return with_other_timestamps(signed.client_key, timestamp, FARTHEST_SECONDS)
    return islice(with_other_timestamps(signed.client_key, timestamp, _NEAR_SECONDS), _MOST_TIMES)


def _recover(signed: SignedRequest, keys: Keys, budget: VerificationBudget) -> Iterator[tuple[Client, Recovered]]:
    for owner, key in keys:
        # With an unlimited budget, the client's own keys are tried even after the time is over.
        always = budget.unlimited and owner.key == signed.client_key
        found = recover(key, signed.signature) if always or budget.spend() else None
        if found:
            yield owner, found


def _verify_as_pss(
    signed: SignedRequest, keys: Keys, candidates: Strings, budget: VerificationBudget
) -> Iterator[tuple[Client, list[Finding]]]:
    most, hashes = (_MOST_PSS_STRINGS, _PSS_HASHES) if budget.unlimited else (1, 1)
    tried = list(islice(candidates(), most))
    for owner, key in keys:
        found = verify_as_pss(key, signed.signature, tried, hashes) if budget.spend() else None
        if found:
            yield owner, found


def _keys(client: Client, clients: Clients, budget: VerificationBudget) -> Iterator[tuple[Client, RSAPublicKey]]:
    """Yield the client's own keys, then the keys of all other clients.

    With a limited budget, stand-in keys follow instead, so that the work is the same for every client.
    """
    yield from ((client, key) for key in client.public_keys)
    if budget.unlimited:
        yield from ((other, key) for other in clients if other.key != client.key for key in other.public_keys)
    else:
        yield from ((client, key) for key in client.padding)


def _compare(found: Recovered, candidates: Iterable[Candidate], budget: VerificationBudget) -> list[Finding]:
    for candidate in candidates:
        if found.matches(candidate.message):
            return [*found.findings(), *candidate.mistakes]
        if not budget.has_time():
            break
    return [*found.findings(), Finding(Verdict.STRING_UNKNOWN)]


def _other_ids(request: Request, clients: Clients) -> list[str]:
    """Return the IDs that a client may have signed instead of its client key, each one once."""
    ids = [request.get("X-CLIENT-KEY"), request.get("X-PARTNER-ID"), *(client.key for client in clients)]
    in_any_case = [text for each in ids if each for text in (each, each.lower(), each.upper())]
    return list(dict.fromkeys([*in_any_case, *(each for client in clients for each in client.partner_ids), ""]))


def _key_of(owner: Client) -> Finding:
    return Finding(Verdict.KEY_OF_ANOTHER_CLIENT, {"client": owner.key})


def _no_key_matches(signed: SignedRequest, client: Client) -> Finding:
    signature, sizes = signed.signature, {_size(key) for key in client.public_keys}
    if len(signature) not in sizes:
        return signature_encoding.wrong_length(signature, sizes, signed.request.get("X-SIGNATURE"))
    evidence: Evidence = {"length": len(signature), "keys": fingerprints(client.public_keys)}
    return Finding(Verdict.KEY_UNKNOWN, evidence)


def decode(
    request: Request, clients: Clients, limits: Limits = signature_encoding.FOR_PERSON
) -> signature_encoding.Decoded:
    """Decode X-SIGNATURE. Return its bytes, and what is wrong with its encoding."""
    keys = (key for client in clients for key in (*client.public_keys, *client.notification_keys))
    sizes = {_size(key) for key in keys} | HASH_BY_SIZE.keys()
    return signature_encoding.decode(request.get("X-SIGNATURE"), sizes, limits)


def _size(key: RSAPublicKey) -> int:
    """Return the size of a key, and of its signatures, in bytes."""
    return (key.key_size + 7) // 8


def fingerprints(keys: Iterable[RSAPublicKey]) -> str:
    """Return the fingerprints of keys, separated by commas.

    A fingerprint is the first 16 hexadecimal digits of SHA-256 over the DER of the SubjectPublicKeyInfo. The size of
    the key follows in brackets.
    """
    return ", ".join(
        f"{sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:_FINGERPRINT_DIGITS]}"
        f" ({key.key_size} bits)"
        for key in keys
    )
