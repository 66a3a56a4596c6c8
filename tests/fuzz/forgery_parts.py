"""The parts that a forger changes in a genuine call: the signature, the signed text, the key, one header."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256, sha512
from hmac import digest

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from tests.nicepay import Nicepay

Headers = dict[str, str]
Forgery = tuple[str, Headers, bytes]
"""What is forged, the headers, and the body."""

Changes = Mapping[str, Sequence[str | None]]
"""For each header, the values that replace its own. None leaves it out."""

Sign = Callable[[str], str]
"""Makes the signature of a text in base64."""

BITS = 128
"""Of a signature or token, spread over its length. Each of them is flipped once."""


def flipped(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes with one bit changed."""
    number, size = int.from_bytes(raw), 8 * len(raw)
    for bit in range(0, size, max(1, size // BITS)):
        yield f"bit {bit}", (number ^ (1 << bit)).to_bytes(len(raw))


def signatures(signature: str, message: str, sign: Sign) -> Iterator[tuple[str, str]]:
    """Signatures with other bytes, and signatures of another text by the right key."""
    raw = b64decode(signature)
    for name, other in {
        **dict(flipped(raw)),
        "cut off": raw[:-1],
        "longer": raw + b"\0",
        "zero in front": b"\0" + raw,
        "reversed": raw[::-1],
        "zeros": bytes(len(raw)),
        "ones": b"\xff" * len(raw),
        "a hash": sha256(message.encode()).digest(),
        "an HMAC without a key": digest(b"", message.encode(), "sha512"),
    }.items():
        yield f"signature {name}", b64encode(other).decode()
    for name, text in {
        "empty": "",
        "line feed": f"{message}\n",
        "space": f" {message}",
        "capitals": message.upper(),
        "small": message.lower(),
        "doubled": message * 2,
        "hashed": sha256(message.encode()).hexdigest(),
        "hashed twice": sha512(message.encode()).hexdigest(),
        "halved": message[: len(message) // 2],
    }.items():
        if text != message:
            yield f"text {name}", sign(text)


def rsa_signatures(message: str, own: Nicepay, others: Mapping[str, Nicepay]) -> Iterator[tuple[str, str]]:
    """Signatures with another hash or padding, an HMAC with the public key as its secret, and other keys."""
    key, text = own.private_key, message.encode()
    for name, raw in {
        "SHA-1": key.sign(text, PKCS1v15(), SHA1()),  # noqa: S303  a forgery
        "SHA-512": key.sign(text, PKCS1v15(), SHA512()),
        "PSS": key.sign(text, PSS(MGF1(SHA256()), 32), SHA256()),
        "HMAC by the public key": digest(own.public_pem.encode(), text, "sha512"),
    }.items():
        yield name, b64encode(raw).decode()
    yield from ((f"the key of {name}", other.signature_of(message)) for name, other in others.items())


def hmac_signatures(message: str, secret: bytes) -> Iterator[tuple[str, str]]:
    """Signatures with another hash, and other secrets."""
    for hash_name in ("md5", "sha1", "sha256", "sha384", "sha3_512"):
        yield hash_name, b64encode(digest(secret, message.encode(), hash_name)).decode()
    for other in (secret + b"\n", secret[:-1], secret.upper(), b64encode(secret), secret.hex().encode(), secret[::-1]):
        yield f"the secret {other!r}", b64encode(digest(other, message.encode(), "sha512")).decode()
    yield "text and secret exchanged", b64encode(digest(message.encode(), secret, "sha512")).decode()


def changed(headers: Headers, values: Changes) -> Iterator[tuple[str, Headers]]:
    """The headers with one of them replaced, added or left out."""
    for name, others in values.items():
        rest = {key: text for key, text in headers.items() if key != name}
        for value in others:
            yield f"{name}: {value}", rest if value is None else rest | {name: value}


def times(now: str) -> list[str]:
    """Other texts of the time inside the window, other spellings of it among them."""
    seconds = [now[:17] + f"{number:02}" + now[19:] for number in range(60) if f"{number:02}" != now[17:19]]
    return [*seconds, now.replace("+07:00", ".0+07:00"), "2026-01-22T05:00:01Z", "2026-01-22T06:00:01+08:00"]


def bodies(body: bytes) -> Iterator[bytes]:
    """Bodies that differ from this one in one byte, and bodies that somebody has cut off, doubled or reformatted."""
    for place in range(len(body)):
        yield body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    yield from (b"", b"{}", body * 2, body[:-1], body.replace(b"10.00", b"10.0"), body.upper(), body + b"x")
