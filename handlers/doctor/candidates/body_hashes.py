"""The texts that may stand in the string to sign in the place of the hash of the body."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from hmac import digest

from handlers.doctor.candidates.part import Part, wrong
from handlers.doctor.difference import Difference
from handlers.doctor.verdicts import Verdict
from handlers.snap.call import BodyHash, minified

_RIGHT = "sha256"
_OTHERS = ("md5", "sha1", "sha512", "sha384", "sha224", "sha3_256", "sha3_512")
_LONGEST_UNHASHED = 65_536
"""Bytes. A longer body is not tried as text in the string to sign."""


def right_hashes(body: bytes, written_in: BodyHash) -> Iterator[Part]:
    """Yield the hash of the body and the hash of the minified body, as the settings say that it is written."""
    yield from (Part(hashed(each, written_in)) for each in _bodies(body))


def hashed(body: bytes, written_in: BodyHash) -> bytes:
    """Return SHA-256 of a body in base64, or in hexadecimal with lowercase digits."""
    once = hashlib.sha256(body)
    return b64encode(once.digest()) if written_in == "base64" else once.hexdigest().encode()


def wrong_hashes(body: bytes, secrets: Sequence[bytes] = ()) -> Iterator[Part]:
    """Yield SHA-256 in other encodings, other hashes and the body without a hash.

    `secrets` are the client secrets. Some clients make an HMAC of the body with them.
    """
    for each in _bodies(body):
        yield from _encoded(hashlib.sha256(each).digest())
    for each in _bodies(body):
        yield from _unhashed(each)
        yield from _of_other_algorithms(each, secrets)


def _bodies(body: bytes) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((body, minified(body))))


def _encoded(raw: bytes) -> Iterator[Part]:
    text = raw.hex()
    yield wrong(text.upper(), Verdict.CALL_HASH_UPPER_CASE)
    for value, how in _other_encodings(raw).items():
        if value != text.encode():
            yield wrong(value, Verdict.CALL_HASH_ENCODED, how=how)


def _other_encodings(raw: bytes) -> Mapping[bytes, Difference]:
    text = raw.hex()
    return {
        b64encode(raw): Difference.BASE64,
        b64encode(text.encode()): Difference.BASE64_OF_HEXADECIMAL,
        b64encode(text.upper().encode()): Difference.BASE64_OF_HEXADECIMAL,
        urlsafe_b64encode(raw): Difference.BASE64URL,
        urlsafe_b64encode(raw).rstrip(b"="): Difference.BASE64URL,
        b64encode(raw).lower(): Difference.LOWER_CASE,
        raw: Difference.RAW_BYTES,
        raw.decode(errors="replace").encode(): Difference.RAW_BYTES,
        raw.decode("latin-1").encode(): Difference.RAW_BYTES,
        repr(raw).encode(): Difference.RAW_BYTES,
        raw.hex("-").upper().encode(): Difference.UPPER_CASE_WITH_HYPHENS,
        raw.hex("-").encode(): Difference.LOWER_CASE_WITH_HYPHENS,
        b"%x" % int.from_bytes(raw): Difference.ZEROS_LOST,
        "".join(f"{byte:x}" for byte in raw).encode(): Difference.ZEROS_LOST,
        text[:32].encode(): Difference.CUT_OFF,
        f"0x{text}".encode(): Difference.WITH_PREFIX,
        f"sha256={text}".encode(): Difference.WITH_PREFIX,
        f'"{text}"'.encode(): Difference.QUOTED,
    }


def _unhashed(body: bytes) -> Iterator[Part]:
    if body and len(body) <= _LONGEST_UNHASHED:
        yield wrong(body, Verdict.CALL_BODY_NOT_HASHED, how=Difference.RAW_BYTES)
        yield wrong(b64encode(body), Verdict.CALL_BODY_NOT_HASHED, how=Difference.BASE64)
        yield wrong(body.hex(), Verdict.CALL_BODY_NOT_HASHED, how=Difference.HEXADECIMAL)


def _of_other_algorithms(body: bytes, secrets: Sequence[bytes]) -> Iterator[Part]:
    once = hashlib.sha256(body)
    digests = [(name, hashlib.new(name, body, usedforsecurity=False).digest()) for name in _OTHERS]
    digests += [
        (f"{_RIGHT}, {_RIGHT}", hashlib.sha256(each).digest()) for each in (once.hexdigest().encode(), once.digest())
    ]
    digests += [
        (f"hmac-{name}", digest(secret, body, name)) for secret in secrets for name in (_RIGHT, "sha512", "sha1")
    ]
    for name, raw in digests:
        yield wrong(raw.hex(), Verdict.CALL_HASH_OTHER, hash=name, how=Difference.HEXADECIMAL)
        yield wrong(raw.hex().upper(), Verdict.CALL_HASH_OTHER, hash=name, how=Difference.UPPER_CASE)
        yield wrong(b64encode(raw), Verdict.CALL_HASH_OTHER, hash=name, how=Difference.BASE64)
