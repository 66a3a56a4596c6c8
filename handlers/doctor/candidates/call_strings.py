"""The strings to sign of a call that covers its body: the right ones, and those with one or two mistakes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain, combinations, islice, product
from urllib.parse import quote

from handlers.doctor.candidates import body_hashes, timestamps
from handlers.doctor.candidates.body_rewritings import Rewritten, rewritten_once, rewritten_twice
from handlers.doctor.candidates.endpoints import wrong_endpoints
from handlers.doctor.candidates.joins import RIGHT, Join, wrong_joins
from handlers.doctor.candidates.part import Part, wrong
from handlers.doctor.difference import Difference
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.call import Call

MOST_STRINGS, MOST_BYTES = 100_000, 33_554_432
"""The most strings that are tried for one call, and the most bytes that they have together."""

_MOST_IN_PAIRS = 180
"""The most mistakes of one part that are combined with the mistakes of other parts."""
_MOST_JOINS_IN_PAIRS = 40
_MOST_ENCODED_OTHERWISE = 60
"""The most rewritten bodies whose hash is tried in other encodings."""
_METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class CallString:
    """What a client may have signed, and with which secret. A signature with a key pair has no secret."""

    secret: bytes = field(repr=False)
    message: bytes = field(repr=False)
    mistakes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedCallParts:
    """What goes into the string to sign of a call.

    Attributes:
        call: The call as the settings say that it is signed.
        request: The call as it arrived.
        client_key: The client that should have signed the call.
        secrets: The secrets that may sign, without mistakes. A signature with a key pair has the empty one.
        wrong_secrets: Other secrets, with the mistake that each shows.
        other_paths: The paths of other services.
    """

    call: Call = field(repr=False)
    request: Request
    client_key: str
    secrets: Sequence[bytes] = field(default=(b"",), repr=False)
    wrong_secrets: Sequence[Part] = field(default=(), repr=False)
    other_paths: Sequence[str] = ()


_Choices = tuple[Sequence[Part], ...]
"""The secret, the method, the path, the token if there is one, the hash of the body and the timestamp."""

_HASH = -2
"""The place of the hash in the choices."""


def call_strings(parts: SignedCallParts) -> Iterator[CallString]:
    """Yield strings to sign, with the fewest and the most likely mistakes first, within both limits."""
    left = MOST_BYTES
    for string in islice(_call_strings(parts), MOST_STRINGS):
        left -= len(string.message)
        if left < 0:
            return
        yield string


def _call_strings(parts: SignedCallParts) -> Iterator[CallString]:
    right = _right(parts)
    yield from _strings(right)
    wrong_ones, joins = _wrong(parts), list(_wrong_joins(parts))
    for at, mistakes in enumerate(wrong_ones):
        yield from _strings(_replaced(right, at, mistakes))
    yield from _strings(right, joins)
    body = parts.request.body
    once = list(rewritten_once(body))
    for each in chain(once, rewritten_twice(body)):
        yield from _strings(_replaced(right, _HASH, [_hash_of(each, parts)]))
    for each in once[:_MOST_ENCODED_OTHERWISE]:
        yield from _encoded_otherwise(right, each, body)
    with_rewritten = [*(_hash_of(each, parts) for each in once), *wrong_ones[_HASH]]
    yield from _two_mistakes(right, _replaced(wrong_ones, _HASH, with_rewritten), joins)


def _two_mistakes(right: _Choices, wrong_ones: _Choices, joins: Sequence[Join]) -> Iterator[CallString]:
    few = [mistakes[:_MOST_IN_PAIRS] for mistakes in wrong_ones]
    for at, mistakes in enumerate(few):
        yield from _strings(_replaced(right, at, mistakes), joins[:_MOST_JOINS_IN_PAIRS])
    # The secret comes last. Most wrong secrets are the only mistake.
    for first, second in sorted(combinations(range(len(right)), 2), key=lambda pair: 0 in pair):
        yield from _strings(_replaced(_replaced(right, first, few[first]), second, few[second]))


def _strings(choices: _Choices, joins: Sequence[Join] = (RIGHT,)) -> Iterator[CallString]:
    for (secret, *parts), join in product(product(*choices), joins):
        findings = (secret.finding, *(part.finding for part in parts), join.finding)
        message = join.joined([part.value for part in parts])
        yield CallString(secret.value, message, tuple(each for each in findings if each))


def _replaced(choices: _Choices, at: int, new: Sequence[Part]) -> _Choices:
    replaced = list(choices)
    replaced[at] = new
    return tuple(replaced)


def _right(parts: SignedCallParts) -> _Choices:
    call = parts.call
    token = () if call.access_token is None else ([Part(call.access_token.encode())],)
    return (
        [Part(secret) for secret in parts.secrets],
        [Part(call.method.encode())],
        [Part(call.uri.encode())],
        *token,
        list(body_hashes.right_hashes(parts.request.body, call.body_hash)),
        [Part(call.timestamp.encode())],
    )


def _wrong(parts: SignedCallParts) -> _Choices:
    call, body = parts.call, parts.request.body
    as_signed = replace(parts.request, target=call.uri)
    return (
        parts.wrong_secrets,
        list(_wrong_methods(call.method)),
        list(wrong_endpoints(as_signed, parts.other_paths)),
        *(() if call.access_token is None else (list(_wrong_tokens(call.access_token, parts)),)),
        list(body_hashes.wrong_hashes(body, [each for each in parts.secrets if each])),
        list(_wrong_timestamps(call.timestamp)),
    )


def _wrong_joins(parts: SignedCallParts) -> Iterator[Join]:
    token = () if parts.call.access_token is None else (Difference.TOKEN,)
    names = (Difference.METHOD, Difference.PATH, *token, Difference.HASH, Difference.TIMESTAMP)
    return wrong_joins(names, parts.request, parts.client_key)


def _wrong_methods(method: str) -> Iterator[Part]:
    for other in (method.lower(), method.title(), method.upper(), *_METHODS, *map(str.lower, _METHODS)):
        if other != method:
            yield wrong(other, Verdict.CALL_METHOD_CHANGED, signed=other)


def _wrong_tokens(token: str, parts: SignedCallParts) -> Iterator[Part]:
    for before in ("Bearer ", "bearer ", "Bearer", "BEARER ", "Bearer  ", "Bearer: ", "Authorization: Bearer "):
        yield wrong(f"{before}{token}", Verdict.CALL_TOKEN_WITH_BEARER)
    changed = {
        Difference.QUOTED: f'"{token}"',
        Difference.PERCENT_ENCODED: quote(token, safe=""),
        Difference.PADDING_LOST: token.rstrip("="),
        Difference.LOWER_CASE: token.lower(),
        Difference.UPPER_CASE: token.upper(),
        Difference.LINE_END_ADDED: f"{token}\n",
        Difference.HASHED: sha256(token.encode()).hexdigest(),
        Difference.CLIENT_KEY: parts.client_key,
        Difference.PARTNER_ID: parts.request.get("X-PARTNER-ID"),
    }
    for how, text in changed.items():
        if text != token:
            yield wrong(text, Verdict.CALL_TOKEN_CHANGED, how=how)


def _wrong_timestamps(timestamp: str) -> Iterator[Part]:
    for text, verdict, evidence in timestamps.alternatives(timestamp):
        yield Part(text.encode(), Finding(verdict, evidence))


def _hash_of(rewritten: Rewritten, parts: SignedCallParts) -> Part:
    return Part(body_hashes.hashed(rewritten.body, parts.call.body_hash), rewritten.finding(parts.request.body))


def _encoded_otherwise(right: _Choices, rewritten: Rewritten, body: bytes) -> Iterator[CallString]:
    """Yield strings in which the hash of a rewritten body has another encoding or algorithm."""
    finding = rewritten.finding(body)
    others = list(body_hashes.wrong_hashes(rewritten.body))
    for each in _strings(_replaced(right, _HASH, others)):
        yield CallString(each.secret, each.message, (finding, *each.mistakes))
