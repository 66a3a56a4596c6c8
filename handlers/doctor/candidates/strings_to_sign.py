"""Strings to sign: the right one, and those that clients make by mistake."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from handlers.doctor.candidates import timestamps
from handlers.doctor.request import Request
from handlers.doctor.verdicts import NOTHING, Evidence, Finding, Verdict
from handlers.snap.call import minified
from handlers.snap.masking import masked_prefix
from handlers.snap.signature import string_to_sign

_SHOWN = 36


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may have been signed, and what that would mean; None for the right one."""

    message: bytes
    finding: Finding | None = None

    def findings(self) -> list[Finding]:
        """What is wrong with it, as a list."""
        return [self.finding] if self.finding else []


def right(client_key: str, timestamp: str) -> Candidate:
    """The message as the contract has it."""
    return Candidate(string_to_sign(client_key, timestamp))


def likely(client_key: str, request: Request, other_ids: Sequence[str]) -> Iterator[Candidate]:
    """The right one, then mistakes in how the parts are put together."""
    timestamp = request.get("X-TIMESTAMP")
    plain = right(client_key, timestamp)
    yield plain
    yield _wrong(f"{timestamp}|{client_key}", Verdict.STRING_REVERSED)
    for separator in ("", ":", ",", ";", "-", "_", "&", " ", " | ", "||", "\n"):
        facts: Evidence = {"separator": repr(separator)}
        yield _wrong(f"{client_key}{separator}{timestamp}", Verdict.STRING_NO_SEPARATOR, facts)
    for end in ("\n", "\r\n", " "):
        yield _wrong(f"{client_key}|{timestamp}{end}", Verdict.STRING_TRAILING_NEWLINE, {"end": repr(end)})
    for other in other_ids:
        if other != client_key:
            yield _wrong(
                f"{other}|{timestamp}", Verdict.STRING_OTHER_CLIENT, {"signed_as": masked_prefix(other, _SHOWN)}
            )
    yield from _twice_hashed(plain.message)
    yield from _with_body(plain.message, request, timestamp)


def other_times(client_key: str, timestamp: str, farthest: int) -> Iterator[Candidate]:
    """The right parts, with another text for the time, up to so many seconds away."""
    for text, verdict, facts in timestamps.others(timestamp, farthest=farthest):
        yield Candidate(string_to_sign(client_key, text), Finding(verdict, facts))


def _twice_hashed(message: bytes) -> Iterator[Candidate]:
    once = sha256(message)
    for hashed in (once.digest(), once.hexdigest().encode(), once.hexdigest().upper().encode()):
        yield Candidate(hashed, Finding(Verdict.HASH_TWICE, {"length": len(hashed)}))


def _with_body(message: bytes, request: Request, timestamp: str) -> Iterator[Candidate]:
    """The body behind the right string, the body alone, or ASPI's string for transactions."""
    found = Finding(Verdict.STRING_WITH_BODY)
    for body in {request.body, minified(request.body)} - {b""}:
        digest = sha256(body).hexdigest().encode()
        for part in (body, digest):
            yield from (Candidate(each, found) for each in (message + b"|" + part, message + part, part))
        for place in {request.uri, request.target, request.path}:
            start = f"{request.method}:{place}:".encode()
            yield Candidate(start + digest + b":" + timestamp.encode(), found)


def _wrong(text: str, verdict: Verdict, facts: Evidence = NOTHING) -> Candidate:
    return Candidate(text.encode(), Finding(verdict, facts))
