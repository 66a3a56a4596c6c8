"""The symmetric signature of a call: which part of its string to sign is not the one that was sent."""

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
from handlers.doctor.claim import Claim
from handlers.doctor.request import Request
from handlers.doctor.verdicts import NOTHING, Evidence, Finding, Verdict
from handlers.snap.call import Call, minified
from handlers.snap.masking import masked_prefix

RIGHT_HASH, RIGHT_SIZE = "sha512", 64
HASH_BY_SIZE = {64: "sha512", 32: "sha256", 20: "sha1"}
"""By the length of the HMAC in bytes."""

_URLSAFE = bytes.maketrans(b"-_", b"+/")
_MOST_MISTAKES = 2
_MOST_HOSTS = 2
_MOST_CUT = 8
"""Segments of the path: a base path has two or three."""
_SECONDS = 5
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the string, or the secret, as it may have been taken; without a finding it is the right one."""

    value: bytes
    finding: Finding | None = None


Parts = tuple[Part, ...]
Secrets = Mapping[str, Sequence[bytes]]
"""The clients' secrets by client key. While a secret is being changed, a client has several."""


def findings(claim: Claim, token: str, secrets: Secrets, effort: VerificationBudget) -> list[Finding] | None:
    """What is wrong with a call signed with one of the secrets; nothing if it is genuine, None if nothing fits.

    If the effort is limited, only the right signature is looked for.
    """
    name = HASH_BY_SIZE.get(len(claim.raw))
    if name is None or not (effort.unlimited or _is_right(claim, token, secrets)):
        return None
    for parts in _combinations(claim.request, token, secrets, claim.client_key):
        found = [part.finding for part in parts if part.finding]
        if found and not effort.spend():
            return None
        secret, *message = (part.value for part in parts)
        if compare_digest(digest(secret, b":".join(message), name), claim.raw):
            return [*hash_findings(name, RIGHT_HASH), *found]
    return None


def _is_right(claim: Claim, token: str, secrets: Secrets) -> bool:
    request, signature = claim.request, b64encode(claim.raw).decode()
    call = Call(request.method, request.uri, token, request.get("X-TIMESTAMP"), request.body)
    return any(call.is_signed_with(secret, signature) for secret in secrets.get(claim.client_key, ()))


def _combinations(request: Request, token: str, secrets: Secrets, client_key: str) -> Iterator[Parts]:
    """Secret, method, place, token, hash of the body, timestamp; those with the fewest mistakes first."""
    choices = (
        list(_secrets(secrets, client_key)),
        [Part(request.method.encode())],
        list(_places(request)),
        [Part(token.encode()), _part(f"Bearer {token}", Verdict.CALL_TOKEN_WITH_BEARER)],
        list(_hashes(request.body)),
        list(_times(request.get("X-TIMESTAMP"))),
    )
    right = [[part for part in parts if not part.finding] for parts in choices]
    wrong = [[part for part in parts if part.finding] for parts in choices]
    for mistakes in range(_MOST_MISTAKES + 1):
        for places in combinations(range(len(choices)), mistakes):
            yield from product(*(wrong[i] if i in places else right[i] for i in range(len(choices))))


def _secrets(secrets: Secrets, client_key: str) -> Iterator[Part]:
    for own in secrets.get(client_key, ()):
        yield Part(own)
        for form, decoded in _decoded(own):
            yield Part(decoded, Finding(Verdict.CALL_SECRET_DECODED, {"form": form}))
    for other, held in secrets.items():
        if other != client_key:
            yield from (Part(secret, Finding(Verdict.KEY_OF_ANOTHER_CLIENT, {"client": other})) for secret in held)


def _decoded(secret: bytes) -> Iterator[tuple[str, bytes]]:
    padded = secret.translate(_URLSAFE) + b"=" * (-len(secret) % 4)
    with suppress(ValueError):
        yield "base64", b64decode(padded, validate=True)
    with suppress(ValueError):
        yield "hexadecimal", bytes.fromhex(secret.decode())


def _places(request: Request) -> Iterator[Part]:
    """The path with its query is right; without the query, with the host, or without its first segments is not."""
    yield Part(request.uri.encode())
    query = request.uri[len(request.path) :]
    ends = [request.uri, request.path] if query else [request.uri]
    yield from (_part(end, Verdict.CALL_PATH_WITHOUT_QUERY) for end in ends[1:])
    hosts = request.all("Host")[:_MOST_HOSTS]
    starts = [f"{start}{host}" for host in hosts for start in ("https://", "http://", "//", "")]
    for start, end in product(starts, ends):
        yield _part(f"{start}{end}", Verdict.CALL_PATH_WITH_HOST, {"signed": masked_prefix(f"{start}{end}", _SHOWN)})
    names = request.path.split("/", _MOST_CUT + 1)[1:]
    cut = ["/".join(names[first:]) for first in range(len(names))]
    for start, place, end in product(("/", ""), cut, dict.fromkeys((query, ""))):
        signed = f"{start}{place}{end}"
        if signed not in ends:
            yield _part(signed, Verdict.CALL_PATH_WITHOUT_BASE, {"signed": masked_prefix(signed, _SHOWN)})


def _hashes(body: bytes) -> Iterator[Part]:
    """Lower hexadecimal is right, over the body as it is and minified; capitals are wrong over either."""
    plain = dict.fromkeys((body, minified(body)))
    digests = [sha256(each).hexdigest() for each in plain]
    yield from (Part(each.encode()) for each in digests)
    yield from (_part(each.upper(), Verdict.CALL_HASH_UPPER_CASE) for each in digests)
    small = minified(body)
    seen = set(digests)
    for other in json_bodies.others(body):
        digest_of_other = sha256(other).hexdigest()
        if digest_of_other not in seen:
            seen.add(digest_of_other)
            verdict = Verdict.CALL_BODY_MINIFIED if minified(other) == small else Verdict.CALL_BODY_CHANGED
            facts: Evidence = {"sent_length": len(body), "signed_length": len(other)}
            yield _part(digest_of_other, verdict, facts)


def _times(timestamp: str) -> Iterator[Part]:
    yield Part(timestamp.encode())
    for text, verdict, facts in timestamps.others(timestamp, farthest=_SECONDS):
        yield _part(text, verdict, facts)


def _part(text: str, verdict: Verdict, facts: Evidence = NOTHING) -> Part:
    return Part(text.encode(), Finding(verdict, facts))
