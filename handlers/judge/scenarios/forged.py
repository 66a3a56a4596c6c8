"""Signatures that do not hold, by whoever they are made: none gets a token, and none is told why."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import outcome, refused_if_at_all, unissued
from handlers.judge.player import NOBODY, Player
from handlers.judge.scenario import ASPI, DOCUMENT, Scenario, Severity, each
from handlers.judge.scenarios.syntax import UNAUTHORIZED
from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

INJECTION = "' OR '1'='1"

_CODES = f"{ASPI}, response codes and X-SIGNATURE"


def _unknown_client(player: Player) -> Sequence[Request]:
    timestamp = player.present()
    return [player.carrying(timestamp, player.signature(timestamp, NOBODY), NOBODY)]


def _another_key(player: Player) -> Sequence[Request]:
    timestamp = player.present()
    return [player.carrying(timestamp, player.forged(timestamp))]


def _another_second(player: Player) -> Sequence[Request]:
    moment = player.moment()
    return [player.carrying(render(moment), player.signature(render(moment - timedelta(seconds=1))))]


def _another_client(player: Player) -> Sequence[Request]:
    timestamp = player.present()
    return [player.carrying(timestamp, player.signature(timestamp, NOBODY))]


def _reversed(player: Player) -> Sequence[Request]:
    timestamp = player.present()
    signature = sign(player.private_key, f"{timestamp}|{player.client_key}".encode())
    return [player.carrying(timestamp, signature)]


def _hashed(player: Player) -> Sequence[Request]:
    timestamp = player.present()
    hashes = (SHA1(), SHA512())  # noqa: S303  that SHA-1 is refused is what is asked
    return [player.carrying(timestamp, player.hashed_with(each, timestamp)) for each in hashes]


def _probabilistic(player: Player) -> Sequence[Request]:
    timestamp = player.present()
    padding = PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH)
    raw = player.private_key.sign(string_to_sign(player.client_key, timestamp), padding, SHA256())
    return [player.carrying(timestamp, b64encode(raw).decode())]


def _badly_padded(player: Player) -> Sequence[Request]:
    return [player.carrying(player.present(), player.badly_padded)]


def _of_wrong_length(player: Player) -> Sequence[Request]:
    """A byte too few, a byte too many, and three bytes, all in good base64."""
    timestamp = player.present()
    raw = b64decode(player.signature(timestamp))
    return [player.carrying(timestamp, b64encode(each).decode()) for each in (raw[:-1], raw + b"\0", b"abc")]


def _injected(player: Player) -> Sequence[Request]:
    """Signed by the client's own key: whoever looks the client up by this text may find it."""
    timestamp = player.present()
    keys = (f"{player.client_key}{INJECTION}", INJECTION)
    return [player.carrying(timestamp, player.signature(timestamp, key), key) for key in keys]


def _indistinct(player: Player) -> Sequence[Request]:
    moment = player.present()
    return [
        player.carrying(moment, player.forged(moment), NOBODY),
        player.carrying(moment, player.forged(moment)),
        player.carrying(moment, player.badly_padded),
    ]


def _alike(answers: Sequence[Answer]) -> str:
    """Status, body and the names of headers; the values of some change with every answer."""
    kinds = ("unknown client", "wrong key", "bad padding")
    seen = [(each.status, each.body, sorted(name for name, _ in each.headers), each.failure) for each in answers]
    differing = [kind for kind, one in zip(kinds, seen, strict=True) if one != seen[0]]
    return f"told apart from an unknown client: {', '.join(differing)}; {outcome(answers[-1])}" if differing else ""


def _forged(name: str, severity: Severity, says: str, asks: Callable[[Player], Sequence[Request]]) -> Scenario:
    """The code is asked apart: a refusal with another code harms nobody as a token would."""
    return Scenario(f"forged.{name}", severity, says, _CODES, asks, each(unissued))


SCENARIOS = (
    _forged(
        "unknown_client",
        Severity.CRITICAL,
        "A client that nobody knows is refused, as it has no key to prove anything with.",
        _unknown_client,
    ),
    _forged(
        "another_key",
        Severity.CRITICAL,
        "A signature of another key is refused, as the signature is the only credential.",
        _another_key,
    ),
    Scenario(
        "forged.code",
        Severity.MAJOR,
        f"A signature of another key is refused with {UNAUTHORIZED}, by which a client knows where to look.",
        _CODES,
        _another_key,
        each(refused_if_at_all(UNAUTHORIZED)),
    ),
    _forged(
        "another_second",
        Severity.CRITICAL,
        "A signature over another second is refused, else an old one would never expire.",
        _another_second,
    ),
    _forged(
        "another_client",
        Severity.CRITICAL,
        "A signature over another client key is refused, else one client could pose as another.",
        _another_client,
    ),
    _forged(
        "reversed",
        Severity.MAJOR,
        "A signature over `timestamp|client key` is refused, as the order is part of the rule.",
        _reversed,
    ),
    _forged(
        "another_hash",
        Severity.MAJOR,
        "A signature over SHA-1 or SHA-512 is refused: the rule is SHA-256, and SHA-1 is broken.",
        _hashed,
    ),
    _forged(
        "another_padding",
        Severity.MINOR,
        "A PSS signature is refused, as SHA256withRSA is PKCS #1 v1.5.",
        _probabilistic,
    ),
    _forged(
        "bad_padding",
        Severity.CRITICAL,
        "A signature without padding is refused, as a lax check of padding lets anybody forge.",
        _badly_padded,
    ),
    _forged(
        "wrong_length",
        Severity.MAJOR,
        "A signature of another length is refused, and is not a failure of the server.",
        _of_wrong_length,
    ),
    _forged(
        "injected_client",
        Severity.CRITICAL,
        "A client key that carries SQL is refused, as it must not find another client's public key.",
        _injected,
    ),
    Scenario(
        "forged.indistinguishable",
        Severity.MAJOR,
        "Unknown client, wrong key and bad padding get the same bytes, else anybody can list the merchant's clients.",
        f"{DOCUMENT}, Unauthorized; BCA, the same service: both 4017300",
        _indistinct,
        _alike,
    ),
)
