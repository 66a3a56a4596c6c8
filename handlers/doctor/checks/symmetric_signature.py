"""The check of the symmetric signature of a call: which part of the string to sign differs from the call."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hmac import compare_digest, digest
from itertools import islice

from handlers.doctor.candidates.call_strings import CallString, SignedCallParts, call_strings
from handlers.doctor.candidates.client_secrets import Secrets, wrong_secrets
from handlers.doctor.checks.rsa_recovery import hash_findings
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.difference import Difference
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import SYMMETRIC, Finding, Verdict
from handlers.snap.call import Call

HASH_NAME, HMAC_SIZE = "sha512", 64
"""The right hash function, and the size of its HMAC in bytes."""

HASH_BY_SIZE = {64: "sha512", 48: "sha384", 32: "sha256", 20: "sha1", 16: "md5"}
"""The hash function by the size of the HMAC in bytes."""

_HMAC = "HMAC-SHA512"
_RIGHT_STRINGS = 4
"""The strings for which other functions than HMAC are tried: two secrets with the body and the minified body."""


def findings(
    signed: SignedRequest, token: str, secrets: Secrets, budget: VerificationBudget, other_paths: Sequence[str] = ()
) -> list[Finding] | None:
    """Return what is wrong with a call that one of the secrets signed, an empty list if nothing is wrong.

    Return None if no combination of secret and parts gives this signature. With a limited budget, only the right
    combination is tried. `other_paths` are the paths of other services, which the client may have signed.
    """
    name = HASH_BY_SIZE.get(len(signed.signature))
    if name is None or not (budget.unlimited or _is_genuine(signed, token, secrets)):
        return None
    parts = SignedCallParts(
        signed.request,
        signed.client_key,
        token,
        secrets.get(signed.client_key, ()),
        list(wrong_secrets(secrets, signed.client_key, signed.request)),
        other_paths,
    )
    for each in call_strings(parts):
        if each.mistakes and not budget.spend():
            return None
        if compare_digest(digest(each.secret, each.message, name), signed.signature):
            return [*_of_hash(name), *each.mistakes]
    return _other_function(signed.signature, name, islice(call_strings(parts), _RIGHT_STRINGS))


def _is_genuine(signed: SignedRequest, token: str, secrets: Secrets) -> bool:
    request, signature = signed.request, b64encode(signed.signature).decode()
    call = Call(request.method, request.uri, token, request.get("X-TIMESTAMP"), request.body)
    return any(call.is_signed_with(secret, signature) for secret in secrets.get(signed.client_key, ()))


def _of_hash(name: str) -> list[Finding]:
    return [Finding(each.verdict, {**each.evidence, SYMMETRIC: _HMAC}) for each in hash_findings(name, HASH_NAME)]


def _other_function(signature: bytes, name: str, strings: Iterator[CallString]) -> list[Finding] | None:
    """Find out whether the signature is another function of a secret and a right string to sign."""
    for each in strings:
        for how, value in _other_values(each, name):
            if not each.mistakes and compare_digest(value, signature):
                return [*_of_hash(name), Finding(Verdict.CALL_NOT_HMAC, {"how": how})]
    return None


def _other_values(string: CallString, name: str) -> Iterator[tuple[Difference, bytes]]:
    secret, message = string.secret, string.message
    yield Difference.ARGUMENTS_EXCHANGED, digest(message, secret, name)
    yield Difference.HASH_WITHOUT_KEY, _hashed(name, message)
    for between in (b"", b":", b"|"):
        yield Difference.HASH_WITH_SECRET_IN_FRONT, _hashed(name, secret + between + message)
        yield Difference.HASH_WITH_SECRET_BEHIND, _hashed(name, message + between + secret)
    for hash_name in ("sha256", "sha512"):
        raw = _hashed(hash_name, message)
        for hashed in (raw, raw.hex().encode(), b64encode(raw)):
            yield Difference.HMAC_OF_HASH, digest(secret, hashed, name)


def _hashed(name: str, message: bytes) -> bytes:
    return hashlib.new(name, message, usedforsecurity=False).digest()
