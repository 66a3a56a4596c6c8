"""Recovers the hash from an RSA signature, so that the doctor can see what was signed.

RSASSA-PKCS1-v1_5 allows this (RFC 8017, section 9.2). One operation for each key is enough to compare any number of
messages.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from handlers.doctor.candidates.strings_to_sign import Candidate
from handlers.doctor.verdicts import Finding, Verdict

RIGHT_HASH = "sha256"

# DigestInfo without the hash itself (RFC 8017, section 9.2, note 1).
_DIGEST_INFO = {
    bytes.fromhex("3020300c06082a864886f70d020505000410"): "md5",
    bytes.fromhex("3021300906052b0e03021a05000414"): "sha1",
    bytes.fromhex("302d300d06096086480165030402040500041c"): "sha224",
    bytes.fromhex("3031300d060960864801650304020105000420"): "sha256",
    bytes.fromhex("3041300d060960864801650304020205000430"): "sha384",
    bytes.fromhex("3051300d060960864801650304020305000440"): "sha512",
}
_VERDICTS = {"sha1": Verdict.HASH_SHA1, "sha256": Verdict.HASH_SHA256, "sha512": Verdict.HASH_SHA512}
_PSS_HASHES = {"sha256": SHA256(), "sha1": SHA1(), "sha512": SHA512()}  # noqa: S303  to recognise the mistake


@dataclass(frozen=True, slots=True)
class Recovered:
    """The content of a signature: a hash and its name, or bytes without DigestInfo and without a name."""

    content: bytes
    hash_name: str | None

    def matches(self, message: bytes) -> bool:
        """Whether the client signed this message."""
        if self.hash_name:
            return _hashed(self.hash_name, message) == self.content
        hashed = _hashed(RIGHT_HASH, message)
        return self.content in {message, hashed, hashed.hex().encode()}

    def findings(self) -> list[Finding]:
        """Return what is wrong with the hash or the padding. The message does not matter."""
        if self.hash_name is None:
            return [Finding(Verdict.PADDING_NO_DIGEST_INFO, {"length": len(self.content)})]
        return hash_findings(self.hash_name)


def hash_findings(name: str, right: str = RIGHT_HASH) -> list[Finding]:
    """Return a finding for a wrong hash, and an empty list for the right one."""
    return [] if name == right else [Finding(_VERDICTS.get(name, Verdict.HASH_OTHER), {"hash": name})]


def recover(key: RSAPublicKey, signature: bytes) -> Recovered | None:
    """Recover the content of a signature. Return None if the key did not make it with PKCS #1 v1.5."""
    try:
        content = key.recover_data_from_signature(signature, PKCS1v15(), None)
    except InvalidSignature:
        return None
    for info, name in _DIGEST_INFO.items():
        if content.startswith(info):
            return Recovered(content.removeprefix(info), name)
    return Recovered(content, None)


def verify_as_pss(
    key: RSAPublicKey, signature: bytes, candidates: Iterable[Candidate], hashes: int
) -> list[Finding] | None:
    """Verify a PSS signature of any candidate, with the first `hashes` hash functions. Return None if none verifies."""
    for name, algorithm in list(_PSS_HASHES.items())[:hashes]:
        for candidate in candidates:
            try:
                key.verify(signature, candidate.message, PSS(MGF1(algorithm), PSS.AUTO), algorithm)
            except InvalidSignature:
                continue
            return [Finding(Verdict.PADDING_PSS), *hash_findings(name), *candidate.mistakes]
    return None


def _hashed(name: str, message: bytes) -> bytes:
    return hashlib.new(name, message, usedforsecurity=False).digest()
