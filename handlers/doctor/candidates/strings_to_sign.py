"""Strings to sign of the asymmetric signature: the right one, and the wrong ones that clients make by mistake."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from handlers.doctor.candidates import timestamps
from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_ID_SHOWN, NO_EVIDENCE, Evidence, Finding, Verdict
from handlers.snap.call import minified
from handlers.snap.masking import masked_prefix
from handlers.snap.signature import string_to_sign


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that the client may have signed, and its mistakes. The right message has none."""

    message: bytes
    mistakes: tuple[Finding, ...] = ()


def likely(client_key: str, request: Request, other_ids: Sequence[str]) -> Iterator[Candidate]:
    """Yield the right string to sign, then the strings of common mistakes.

    `other_ids` are the IDs that a client may have signed instead of its client key.
    """
    timestamp = request.get("X-TIMESTAMP")
    right = string_to_sign(client_key, timestamp)
    yield Candidate(right)
    yield _mistake(f"{timestamp}|{client_key}", Verdict.STRING_REVERSED)
    for separator in ("", ":", ",", ";", "-", "_", "&", " ", " | ", "||", "\n"):
        evidence: Evidence = {"separator": repr(separator)}
        yield _mistake(f"{client_key}{separator}{timestamp}", Verdict.STRING_NO_SEPARATOR, evidence)
    for end in ("\n", "\r\n", " "):
        yield _mistake(f"{client_key}|{timestamp}{end}", Verdict.STRING_TRAILING_NEWLINE, {"end": repr(end)})
    for other in other_ids:
        if other != client_key:
            yield _mistake(
                f"{other}|{timestamp}",
                Verdict.STRING_OTHER_CLIENT,
                {"signed_as": masked_prefix(other, LONGEST_ID_SHOWN)},
            )
    yield from _hashed_twice(right)
    yield from _with_body(right, request, timestamp)


def with_other_timestamps(client_key: str, timestamp: str, farthest: int) -> Iterator[Candidate]:
    """Yield strings to sign with another timestamp, at most `farthest` seconds away from the one in the header."""
    for text, verdict, evidence in timestamps.alternatives(timestamp, farthest=farthest):
        yield Candidate(string_to_sign(client_key, text), (Finding(verdict, evidence),))


def _hashed_twice(message: bytes) -> Iterator[Candidate]:
    once = sha256(message)
    for hashed in (once.digest(), once.hexdigest().encode(), once.hexdigest().upper().encode()):
        yield Candidate(hashed, (Finding(Verdict.HASH_TWICE, {"length": len(hashed)}),))


def _with_body(message: bytes, request: Request, timestamp: str) -> Iterator[Candidate]:
    """Yield the right string followed by the body, the body alone, and ASPI's string to sign for transactions."""
    mistakes = (Finding(Verdict.STRING_WITH_BODY),)
    for body in {request.body, minified(request.body)} - {b""}:
        digest = sha256(body).hexdigest().encode()
        for part in (body, digest):
            yield from (Candidate(each, mistakes) for each in (message + b"|" + part, message + part, part))
        for endpoint in {request.uri, request.target, request.path}:
            start = f"{request.method}:{endpoint}:".encode()
            end = digest + b":" + timestamp.encode()
            yield from (Candidate(start + token + end, mistakes) for token in (b"", b":", _token(request)))


def _token(request: Request) -> bytes:
    """Return the token of a call as a part of the string to sign."""
    return f"{request.get('Authorization').removeprefix('Bearer ')}:".encode()


def _mistake(text: str, verdict: Verdict, evidence: Evidence = NO_EVIDENCE) -> Candidate:
    return Candidate(text.encode(), (Finding(verdict, evidence),))
