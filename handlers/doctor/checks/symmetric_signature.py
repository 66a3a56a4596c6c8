"""The check of the symmetric signature of a call: which part of the string to sign differs from the call."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from hmac import compare_digest, digest
from itertools import islice, takewhile

from handlers.doctor.candidates import particulars
from handlers.doctor.candidates.call_strings import CallString, SignedCallParts, call_strings
from handlers.doctor.candidates.client_secrets import wrong_secrets
from handlers.doctor.checks import signature_encoding
from handlers.doctor.checks.rsa_recovery import hash_findings
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.difference import Difference
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import SYMMETRIC, Evidence, Finding, Verdict

HASH_NAME, HMAC_SIZE = "sha512", 64
"""The right hash function, and the size of its HMAC in bytes."""

HASH_BY_SIZE = {64: "sha512", 48: "sha384", 32: "sha256", 20: "sha1", 16: "md5"}
"""The hash function by the size of the HMAC in bytes."""

_HMAC = "HMAC-SHA512"
_RIGHT_STRINGS = 4
"""The strings for which other functions than HMAC are tried: two secrets with the body and the minified body."""


def findings(
    signed: SignedRequest, token: str | None, context: MerchantContext, budget: VerificationBudget
) -> list[Finding] | None:
    """Return what is wrong with a call that one of the secrets signed, an empty list if nothing is wrong.

    Return None if no combination of secret and parts gives this signature, or if the budget is limited. `token` is
    empty for a call without a token, and None if the token is missing. Without the token, hardly any combination can
    be right, so only one mistake is tried.
    """
    name = HASH_BY_SIZE.get(len(signed.signature))
    if name is None or not budget.unlimited:
        return None
    parts = _parts(signed, token or "", context)
    strings = call_strings(parts)
    for each in strings if token is not None else takewhile(_has_one_mistake, strings):
        if each.mistakes and not budget.spend():
            return None
        if compare_digest(digest(each.secret, each.message, name), signed.signature):
            return [*_of_hash(name), *each.mistakes]
    return _other_function(signed.signature, name, islice(call_strings(parts), _RIGHT_STRINGS))


def unexplained(signature: bytes, text: str) -> Finding:
    """Return the finding for a signature that no known secret made. `text` is X-SIGNATURE."""
    evidence: Evidence = {"length": len(signature), "wanted": HMAC_SIZE, SYMMETRIC: _HMAC}
    if len(signature) in HASH_BY_SIZE:
        return Finding(Verdict.KEY_UNKNOWN, evidence)
    wrong = signature_encoding.wrong_length(signature, {HMAC_SIZE}, text)
    return wrong if wrong.verdict == Verdict.SIGNATURE_CUT_OFF else Finding(wrong.verdict, evidence)


def _parts(signed: SignedRequest, token: str, context: MerchantContext) -> SignedCallParts:
    request, key = signed.request, signed.client_key
    own, service = context.clients.find(key).particulars, context.service_at(request.path)
    return SignedCallParts(
        particulars.as_signed(request, token, own, service),
        request,
        key,
        context.secrets.get(key, ()),
        list(wrong_secrets(context.secrets, key, request)),
        context.paths,
    )


def _has_one_mistake(string: CallString) -> bool:
    return len(string.mistakes) <= 1


def _of_hash(name: str) -> list[Finding]:
    return [Finding(each.verdict, {**each.evidence, SYMMETRIC: _HMAC}) for each in hash_findings(name, HASH_NAME)]


def _other_function(signature: bytes, name: str, strings: Iterator[CallString]) -> list[Finding] | None:
    """Find out whether the signature is another function of a secret and a right string to sign."""
    for each in strings:
        for finding, value in _other_values(each, name):
            if not each.mistakes and compare_digest(value, signature):
                return [*_of_hash(name), finding]
    return None


def _other_values(string: CallString, name: str) -> Iterator[tuple[Finding, bytes]]:
    yield Finding(Verdict.SIGNATURE_BYTES_REVERSED), digest(string.secret, string.message, name)[::-1]
    for how, value in _not_hmac(string.secret, string.message, name):
        yield Finding(Verdict.CALL_NOT_HMAC, {"how": how}), value


def _not_hmac(secret: bytes, message: bytes, name: str) -> Iterator[tuple[Difference, bytes]]:
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
