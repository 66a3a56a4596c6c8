"""The check of the symmetric signature of a call: which part of the string to sign differs from the call."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest
from itertools import combinations, product

from handlers.doctor.candidates import json_bodies, timestamps
from handlers.doctor.checks.rsa_recovery import hash_findings
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import NO_EVIDENCE, Evidence, Finding, Verdict
from handlers.snap.call import Call, minified
from handlers.snap.masking import masked_prefix

HASH_NAME, HMAC_SIZE = "sha512", 64
"""The right hash function, and the size of its HMAC in bytes."""

HASH_BY_SIZE = {64: "sha512", 32: "sha256", 20: "sha1"}
"""The hash function by the size of the HMAC in bytes."""

_URLSAFE = bytes.maketrans(b"-_", b"+/")
_MOST_MISTAKES = 2
_MOST_HOSTS = 2
_MOST_SEGMENTS_CUT = 8
"""Segments of the path. A base path has two or three."""
_SECONDS = 5
_LONGEST_SHOWN = 120
"""Characters of a value that a message shows."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the string to sign, or the secret. `finding` is the mistake, or None for the right value."""

    value: bytes
    finding: Finding | None = None


Parts = tuple[Part, ...]
Secrets = Mapping[str, Sequence[bytes]]
"""The client secrets by client key. A client has more than one while its secret is being replaced."""


def findings(signed: SignedRequest, token: str, secrets: Secrets, budget: VerificationBudget) -> list[Finding] | None:
    """Return what is wrong with a call that one of the secrets signed, an empty list if nothing is wrong.

    Return None if no combination of secret and parts gives this signature. With a limited budget, only the right
    combination is tried.
    """
    name = HASH_BY_SIZE.get(len(signed.signature))
    if name is None or not (budget.unlimited or _is_genuine(signed, token, secrets)):
        return None
    for parts in _combinations(signed.request, token, secrets, signed.client_key):
        found = [part.finding for part in parts if part.finding]
        if found and not budget.spend():
            return None
        secret, *message = (part.value for part in parts)
        if compare_digest(digest(secret, b":".join(message), name), signed.signature):
            return [*hash_findings(name, HASH_NAME), *found]
    return None


def _is_genuine(signed: SignedRequest, token: str, secrets: Secrets) -> bool:
    request, signature = signed.request, b64encode(signed.signature).decode()
    call = Call(request.method, request.uri, token, request.get("X-TIMESTAMP"), request.body)
    return any(call.is_signed_with(secret, signature) for secret in secrets.get(signed.client_key, ()))


def _combinations(request: Request, token: str, secrets: Secrets, client_key: str) -> Iterator[Parts]:
    """Yield secret, method, endpoint, token, hash of the body and timestamp, with the fewest mistakes first."""
    choices = (
        list(_secrets(secrets, client_key)),
        [Part(request.method.encode())],
        list(endpoints(request)),
        [Part(token.encode()), _mistake(f"Bearer {token}", Verdict.CALL_TOKEN_WITH_BEARER)],
        list(body_hashes(request.body)),
        list(timestamps_of(request.get("X-TIMESTAMP"))),
    )
    right = [[part for part in parts if not part.finding] for parts in choices]
    wrong = [[part for part in parts if part.finding] for parts in choices]
    for mistakes in range(_MOST_MISTAKES + 1):
        for positions in combinations(range(len(choices)), mistakes):
            yield from product(*(wrong[i] if i in positions else right[i] for i in range(len(choices))))


def _secrets(secrets: Secrets, client_key: str) -> Iterator[Part]:
    for own in secrets.get(client_key, ()):
        yield Part(own)
        for encoding, decoded in _decoded(own):
            yield Part(decoded, Finding(Verdict.CALL_SECRET_DECODED, {"form": encoding}))
    for other, of_other in secrets.items():
        if other != client_key:
            yield from (Part(secret, Finding(Verdict.KEY_OF_ANOTHER_CLIENT, {"client": other})) for secret in of_other)


def _decoded(secret: bytes) -> Iterator[tuple[str, bytes]]:
    padded = secret.translate(_URLSAFE) + b"=" * (-len(secret) % 4)
    with suppress(ValueError):
        yield "base64", b64decode(padded, validate=True)
    with suppress(ValueError):
        yield "hexadecimal", bytes.fromhex(secret.decode())


def endpoints(request: Request) -> Iterator[Part]:
    """Yield the path with its query, which is right, then without the query, with the host, or without a base path."""
    yield Part(request.uri.encode())
    query = request.uri[len(request.path) :]
    ends = [request.uri, request.path] if query else [request.uri]
    yield from (_mistake(end, Verdict.CALL_PATH_WITHOUT_QUERY) for end in ends[1:])
    hosts = request.all("Host")[:_MOST_HOSTS]
    starts = [f"{start}{host}" for host in hosts for start in ("https://", "http://", "//", "")]
    for start, end in product(starts, ends):
        yield _mistake(
            f"{start}{end}", Verdict.CALL_PATH_WITH_HOST, {"signed": masked_prefix(f"{start}{end}", _LONGEST_SHOWN)}
        )
    segments = request.path.split("/", _MOST_SEGMENTS_CUT + 1)[1:]
    cut = ["/".join(segments[first:]) for first in range(len(segments))]
    for start, path, end in product(("/", ""), cut, dict.fromkeys((query, ""))):
        signed = f"{start}{path}{end}"
        if signed not in ends:
            yield _mistake(signed, Verdict.CALL_PATH_WITHOUT_BASE, {"signed": masked_prefix(signed, _LONGEST_SHOWN)})


def body_hashes(body: bytes) -> Iterator[Part]:
    """Yield the hashes of the body and of the minified body in lowercase, which are right, then the wrong ones."""
    right = dict.fromkeys((body, minified(body)))
    digests = [sha256(each).hexdigest() for each in right]
    yield from (Part(each.encode()) for each in digests)
    yield from (_mistake(each.upper(), Verdict.CALL_HASH_UPPER_CASE) for each in digests)
    small = minified(body)
    seen = set(digests)
    for other in json_bodies.alternatives(body):
        digest_of_other = sha256(other).hexdigest()
        if digest_of_other not in seen:
            seen.add(digest_of_other)
            verdict = Verdict.CALL_BODY_MINIFIED if minified(other) == small else Verdict.CALL_BODY_CHANGED
            evidence: Evidence = {"sent_length": len(body), "signed_length": len(other)}
            yield _mistake(digest_of_other, verdict, evidence)


def timestamps_of(timestamp: str) -> Iterator[Part]:
    """Yield the timestamp, which is right, then other texts for a time near it."""
    yield Part(timestamp.encode())
    for text, verdict, evidence in timestamps.alternatives(timestamp, farthest=_SECONDS):
        yield _mistake(text, verdict, evidence)


def _mistake(text: str, verdict: Verdict, evidence: Evidence = NO_EVIDENCE) -> Part:
    return Part(text.encode(), Finding(verdict, evidence))
