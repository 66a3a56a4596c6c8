"""What a public key makes of a signature: the hash that was signed, not only whether it is the right one.

RSASSA-PKCS1-v1_5 recovers it (RFC 8017, 9.2), so one operation a key is enough to compare any number of messages.
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

# DigestInfo without the hash itself (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    bytes.fromhex("3020300c06082a864886f70d020505000410"): "md5",
    bytes.fromhex("3021300906052b0e03021a05000414"): "sha1",
    bytes.fromhex("302d300d06096086480165030402040500041c"): "sha224",
    bytes.fromhex("3031300d060960864801650304020105000420"): "sha256",
    bytes.fromhex("3041300d060960864801650304020205000430"): "sha384",
    bytes.fromhex("3051300d060960864801650304020305000440"): "sha512",
}
_VERDICTS = {"sha1": Verdict.HASH_SHA1, "sha256": Verdict.HASH_SHA256, "sha512": Verdict.HASH_SHA512}
_PSS_HASHES = {"sha256": SHA256(), "sha1": SHA1(), "sha512": SHA512()}  # noqa: S303  a mistake to be recognised


@dataclass(frozen=True, slots=True)
class Opened:
    """What was signed: a hash and its name; or bytes without DigestInfo, and then no name."""

    content: bytes
    hash_name: str | None

    def is_of(self, message: bytes) -> bool:
        """Whether this is what signing that message leaves."""
        if self.hash_name:
            return _hashed(self.hash_name, message) == self.content
        hashed = _hashed(RIGHT_HASH, message)
        return self.content in {message, hashed, hashed.hex().encode()}

    def findings(self) -> list[Finding]:
        """What is wrong with hash or padding, whatever was signed."""
        if self.hash_name is None:
            return [Finding(Verdict.PADDING_NO_DIGEST_INFO, {"length": len(self.content)})]
        return hash_findings(self.hash_name)


def hash_findings(name: str, right: str = RIGHT_HASH) -> list[Finding]:
    """Nothing for the right hash."""
    return [] if name == right else [Finding(_VERDICTS.get(name, Verdict.HASH_OTHER), {"hash": name})]


def opened(key: RSAPublicKey, raw: bytes) -> Opened | None:
    """None if the key did not sign this with PKCS #1 v1.5."""
    try:
        content = key.recover_data_from_signature(raw, PKCS1v15(), None)
    except InvalidSignature:
        return None
    for info, name in _DIGEST_INFO.items():
        if content.startswith(info):
            return Opened(content.removeprefix(info), name)
    return Opened(content, None)


def opened_as_pss(key: RSAPublicKey, raw: bytes, candidates: Iterable[Candidate], hashes: int) -> list[Finding] | None:
    """What a signature with PSS says of itself, tried with so many of the hashes; None if it is none of these."""
    for name, algorithm in list(_PSS_HASHES.items())[:hashes]:
        for candidate in candidates:
            try:
                key.verify(raw, candidate.message, PSS(MGF1(algorithm), PSS.AUTO), algorithm)
            except InvalidSignature:
                continue
            return [Finding(Verdict.PADDING_PSS), *hash_findings(name), *candidate.findings()]
    return None


def _hashed(name: str, message: bytes) -> bytes:
    return hashlib.new(name, message, usedforsecurity=False).digest()
