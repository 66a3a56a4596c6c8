"""The asymmetric signature: which key made it, over which text, with which hash and padding."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import chain, islice

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.doctor.candidates.strings_to_sign import Candidate, likely, other_times
from handlers.doctor.candidates.timestamps import FARTHEST_SECONDS
from handlers.doctor.checks.rsa_recovery import Opened, opened, opened_as_pss
from handlers.doctor.checks.signature_encoding import Spelt, read
from handlers.doctor.checks.symmetric_signature import HASH_BY_SIZE
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.claim import Claim
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Evidence, Finding, Verdict
from handlers.snap.client import Client, Clients

Keys = list[tuple[Client, RSAPublicKey]]

UNFIT = frozenset({Verdict.KEY_UNKNOWN, Verdict.SIGNATURE_WRONG_LENGTH})
"""What is said of a signature that none of the keys made."""

_SHOWN = 16
_NEAR_SECONDS = 5
_MOST_TIMES = 300
"""Where nobody waits: other forms of the time, near seconds, and of three thousand milliseconds the nearest."""
_PSS_HASHES = 3


def findings(claim: Claim, clients: Clients, effort: VerificationBudget) -> list[Finding]:
    """What is wrong with a signature; nothing if it is genuine. A signature that fits nothing is `key.unknown`."""
    client = clients.find(claim.client_key)
    keys = list(_keys(client, clients, effort))
    candidates = list(likely(claim.client_key, claim.request, _other_ids(claim.request, clients)))
    # PSS only after all keys: it takes an operation for each message, and is the rarer mistake.
    times = _other_times(claim, effort)
    plain = ((owner, _compared(found, chain(candidates, times))) for owner, found in _opened(claim, keys, effort))
    for owner, found in chain(plain, _pss(claim, keys, candidates, effort)):
        return [*([] if owner.key == client.key else [_another(owner)]), *found]
    return [_unopened(claim.raw, client)] if client.known else []


def _other_times(claim: Claim, effort: VerificationBudget) -> Iterator[Candidate]:
    timestamp = claim.request.get("X-TIMESTAMP")
    if effort.unlimited:
        return other_times(claim.client_key, timestamp, FARTHEST_SECONDS)
    return islice(other_times(claim.client_key, timestamp, _NEAR_SECONDS), _MOST_TIMES)


def _opened(claim: Claim, keys: Keys, effort: VerificationBudget) -> Iterator[tuple[Client, Opened]]:
    for owner, key in keys:
        # If a person waits, a genuine signature is found even if the time is over.
        own = effort.unlimited and owner.key == claim.client_key
        found = opened(key, claim.raw) if own or effort.spend() else None
        if found:
            yield owner, found


def _pss(
    claim: Claim, keys: Keys, candidates: list[Candidate], effort: VerificationBudget
) -> Iterator[tuple[Client, list[Finding]]]:
    some, hashes = (candidates, _PSS_HASHES) if effort.unlimited else (candidates[:1], 1)
    for owner, key in keys:
        found = opened_as_pss(key, claim.raw, some, hashes) if effort.spend() else None
        if found:
            yield owner, found


def _keys(client: Client, clients: Clients, effort: VerificationBudget) -> Iterator[tuple[Client, RSAPublicKey]]:
    """The client's own keys, then everybody's; with little effort, padding that makes all clients the same work."""
    yield from ((client, key) for key in client.public_keys)
    if effort.unlimited:
        yield from ((other, key) for other in clients if other.key != client.key for key in other.public_keys)
    else:
        yield from ((client, key) for key in client.padding)


def _compared(found: Opened, candidates: Iterable[Candidate]) -> list[Finding]:
    for candidate in candidates:
        if found.is_of(candidate.message):
            return [*found.findings(), *candidate.findings()]
    return [*found.findings(), Finding(Verdict.STRING_UNKNOWN)]


def _other_ids(request: Request, clients: Clients) -> list[str]:
    """Ids that may stand in the string in place of the right one, each once."""
    sent = [request.get("X-CLIENT-KEY"), request.get("X-PARTNER-ID"), *(client.key for client in clients)]
    spelt = [spelling for each in sent if each for spelling in (each, each.lower(), each.upper())]
    return list(dict.fromkeys([*spelt, *(client.partner_id for client in clients), ""]))


def _another(owner: Client) -> Finding:
    return Finding(Verdict.KEY_OF_ANOTHER_CLIENT, {"client": owner.key})


def _unopened(raw: bytes, client: Client) -> Finding:
    sizes = sorted({_bytes(key) for key in client.public_keys})
    facts: Evidence = {
        "length": len(raw),
        "wanted": " or ".join(map(str, sizes)),
        "keys": fingerprints(client.public_keys),
    }
    return Finding(Verdict.KEY_UNKNOWN if len(raw) in sizes else Verdict.SIGNATURE_WRONG_LENGTH, facts)


def spelt(request: Request, clients: Clients) -> Spelt:
    """X-SIGNATURE, read in whichever spelling it is."""
    sizes = {_bytes(key) for client in clients for key in client.public_keys} | HASH_BY_SIZE.keys()
    return read(request.get("X-SIGNATURE"), sizes)


def _bytes(key: RSAPublicKey) -> int:
    return (key.key_size + 7) // 8


def fingerprints(keys: Iterable[RSAPublicKey]) -> str:
    """SHA-256 over the DER of each SubjectPublicKeyInfo, its first 16 hexadecimal digits, and the key's size."""
    return ", ".join(
        f"{sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:_SHOWN]}"
        f" ({key.key_size} bits)"
        for key in keys
    )
