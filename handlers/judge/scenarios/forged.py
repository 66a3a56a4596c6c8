"""Requests whose signature does not verify. None gets a token, and the answer does not say why."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import no_token, refused_with_or_served, summary
from handlers.judge.scenario import ASPI, DOCUMENT, Requests, Scenario, Severity, each
from handlers.judge.scenarios.syntax import UNAUTHORIZED
from handlers.judge.signer import UNKNOWN_CLIENT_KEY, Signer
from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

INJECTION = "' OR '1'='1"

_CODES = f"{ASPI}, response codes and X-SIGNATURE"


def _unknown_client(signer: Signer) -> Sequence[Request]:
    timestamp = signer.current_timestamp()
    return [signer.request_with(timestamp, signer.sign(timestamp, UNKNOWN_CLIENT_KEY), UNKNOWN_CLIENT_KEY)]


def _another_key(signer: Signer) -> Sequence[Request]:
    timestamp = signer.current_timestamp()
    return [signer.request_with(timestamp, signer.sign_with_unknown_key(timestamp))]


def _another_second(signer: Signer) -> Sequence[Request]:
    moment = signer.unused_second()
    return [signer.request_with(render(moment), signer.sign(render(moment - timedelta(seconds=1))))]


def _another_client(signer: Signer) -> Sequence[Request]:
    timestamp = signer.current_timestamp()
    return [signer.request_with(timestamp, signer.sign(timestamp, UNKNOWN_CLIENT_KEY))]


def _reversed(signer: Signer) -> Sequence[Request]:
    timestamp = signer.current_timestamp()
    signature = sign(signer.private_key, f"{timestamp}|{signer.client_key}".encode())
    return [signer.request_with(timestamp, signature)]


def _other_hashes(signer: Signer) -> Sequence[Request]:
    timestamp = signer.current_timestamp()
    hashes = (SHA1(), SHA512())  # noqa: S303  the server must refuse it
    return [signer.request_with(timestamp, signer.sign_with_hash(each, timestamp)) for each in hashes]


def _pss(signer: Signer) -> Sequence[Request]:
    timestamp = signer.current_timestamp()
    padding = PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH)
    raw = signer.private_key.sign(string_to_sign(signer.client_key, timestamp), padding, SHA256())
    return [signer.request_with(timestamp, b64encode(raw).decode())]


def _badly_padded(signer: Signer) -> Sequence[Request]:
    return [signer.request_with(signer.current_timestamp(), signer.badly_padded_signature)]


def _wrong_length(signer: Signer) -> Sequence[Request]:
    """Return one byte less, one byte more, and three bytes, each in valid base64."""
    timestamp = signer.current_timestamp()
    raw = b64decode(signer.sign(timestamp))
    return [signer.request_with(timestamp, b64encode(each).decode()) for each in (raw[:-1], raw + b"\0", b"abc")]


def _sql_injection(signer: Signer) -> Sequence[Request]:
    """Sign with the client's own key, because a database query with this text may find that client."""
    timestamp = signer.current_timestamp()
    keys = (f"{signer.client_key}{INJECTION}", INJECTION)
    return [signer.request_with(timestamp, signer.sign(timestamp, key), key) for key in keys]


def _three_refusals(signer: Signer) -> Sequence[Request]:
    moment = signer.current_timestamp()
    return [
        signer.request_with(moment, signer.sign_with_unknown_key(moment), UNKNOWN_CLIENT_KEY),
        signer.request_with(moment, signer.sign_with_unknown_key(moment)),
        signer.request_with(moment, signer.badly_padded_signature),
    ]


def _same_answer(answers: Sequence[Answer]) -> str:
    """Compare status, body and header names. The values of some headers change with every answer."""
    kinds = ("unknown client", "wrong key", "bad padding")
    shown = [(each.status, each.body, sorted(name for name, _ in each.headers), each.failure) for each in answers]
    differing = [kind for kind, each in zip(kinds, shown, strict=True) if each != shown[0]]
    return (
        f"the answer differs from the one for an unknown client: {', '.join(differing)}; {summary(answers[-1])}"
        if differing
        else ""
    )


def _forged(name: str, severity: Severity, rule: str, requests: Requests) -> Scenario:
    """Make a scenario that fails only if a token is issued. `forged.code` checks the code of the refusal."""
    return Scenario(f"forged.{name}", severity, rule, _CODES, requests, each(no_token))


SCENARIOS = (
    _forged(
        "unknown_client",
        Severity.CRITICAL,
        "An unknown client is refused, because the server has no key to verify its signature.",
        _unknown_client,
    ),
    _forged(
        "another_key",
        Severity.CRITICAL,
        "A signature of another key is refused, because the signature is the only credential.",
        _another_key,
    ),
    Scenario(
        "forged.code",
        Severity.MAJOR,
        f"A signature of another key is refused with {UNAUTHORIZED}, so that the client knows where to look.",
        _CODES,
        _another_key,
        each(refused_with_or_served(UNAUTHORIZED)),
    ),
    _forged(
        "another_second",
        Severity.CRITICAL,
        "A signature over another second is refused, because otherwise an old signature would never expire.",
        _another_second,
    ),
    _forged(
        "another_client",
        Severity.CRITICAL,
        "A signature over another client key is refused, because otherwise one client could impersonate another.",
        _another_client,
    ),
    _forged(
        "reversed",
        Severity.MAJOR,
        "A signature over `timestamp|client key` is refused, because the order is part of the rule.",
        _reversed,
    ),
    _forged(
        "another_hash",
        Severity.MAJOR,
        "A signature with SHA-1 or SHA-512 is refused, because the rule is SHA-256 and SHA-1 is broken.",
        _other_hashes,
    ),
    _forged(
        "another_padding",
        Severity.MINOR,
        "A PSS signature is refused, because SHA256withRSA means PKCS #1 v1.5 padding.",
        _pss,
    ),
    _forged(
        "bad_padding",
        Severity.CRITICAL,
        "A signature without valid padding is refused, because with a lax check anybody can forge signatures.",
        _badly_padded,
    ),
    _forged(
        "wrong_length",
        Severity.MAJOR,
        "A signature of another length is refused, and does not make the server fail.",
        _wrong_length,
    ),
    _forged(
        "injected_client",
        Severity.CRITICAL,
        "A client key that contains SQL is refused, because it must not find another client's public key.",
        _sql_injection,
    ),
    Scenario(
        "forged.indistinguishable",
        Severity.MAJOR,
        "Unknown client, wrong key and bad padding get the same bytes, so that nobody can list the merchant's clients.",
        f"{DOCUMENT}, Unauthorized; BCA, the same service: both 4017300",
        _three_refusals,
        _same_answer,
    ),
)
