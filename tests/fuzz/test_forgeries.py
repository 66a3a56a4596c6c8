"""Forged signatures over HTTP, with keys of four sizes: none gets a token, and all get the same answer."""

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import md5, sha1, sha256, sha384, sha512
from textwrap import wrap

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from handlers.config.settings import Settings
from tests.merchant import NOON, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay, jakarta, new_key

SIZES = (1024, 2048, 3072, 4096)
CLIENTS = {bits: Nicepay(f"RSA{bits}", new_key(bits)) for bits in SIZES}
SMALL = 256
"""The most bytes of a key with which each bit of DigestInfo is tried.

A larger key has more padding in front of the same DigestInfo, and its signatures take seconds. With it, every seventh
bit is tried: at least one of each byte, and each place in a byte.
"""
TIMESTAMP = jakarta(NOON)

# The DigestInfo of each hash without the digest (RFC 8017, section 9.2, note 1).
DIGEST_INFO = {
    "md5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
BER_LENGTHS = {
    "outer length in two bytes": "308131300d060960864801650304020105000420",
    "inner length in two bytes": "303230810d060960864801650304020105000420",
    "object id length in two bytes": "3032300e06810960864801650304020105000420",
    "null length in two bytes": "3032300e06096086480165030402010581000420",
    "digest length in two bytes": "3032300d06096086480165030402010500048120",
    "indefinite outer length": "3080300d060960864801650304020105000420",
}


@dataclass(frozen=True)
class Forger:
    """A forger who has the private key and makes wrong signatures with it."""

    key: RSAPrivateKey
    message: bytes

    @property
    def size(self) -> int:
        return self.key.key_size // 8

    @property
    def modulus(self) -> int:
        return self.key.public_key().public_numbers().n

    @property
    def genuine(self) -> int:
        return self.raw(self.padded(DIGEST_INFO["sha256"] + sha256(self.message).digest()))

    def padded(self, info: bytes, block_type: bytes = b"\x01", tail: bytes = b"") -> bytes:
        """An encoded message: 00, block type, FF..., 00, DigestInfo, and a tail that is empty in a genuine one."""
        filler = b"\xff" * (self.size - 3 - len(info) - len(tail))
        return b"\0" + block_type + filler + b"\0" + info + tail

    def raw(self, encoded: bytes) -> int:
        """The RSA private operation on any encoded message, by the Chinese remainder theorem."""
        numbers, value = self.key.private_numbers(), int.from_bytes(encoded)
        first, second = pow(value, numbers.dmp1, numbers.p), pow(value, numbers.dmq1, numbers.q)
        return second + numbers.q * ((first - second) * numbers.iqmp % numbers.p)

    def bytes_of(self, number: int) -> bytes:
        return number.to_bytes(max(self.size, (number.bit_length() + 7) // 8))


def _encodings(forger: Forger) -> Iterator[tuple[str, bytes]]:
    """Encoded messages with one mistake each in their hash or DigestInfo."""
    digest = sha256(forger.message).digest()
    info = DIGEST_INFO["sha256"] + digest
    for name, algorithm in {"md5": md5, "sha1": sha1, "sha384": sha384, "sha512": sha512}.items():
        yield f"hash {name}", forger.padded(DIGEST_INFO[name] + algorithm(forger.message).digest())
        yield f"sha256 under the name of {name}", forger.padded(DIGEST_INFO[name] + digest)
    yield "digest without DigestInfo", forger.padded(digest)
    yield "digest of another message", forger.padded(DIGEST_INFO["sha256"] + sha256(b"another").digest())
    for bit in range(0, 8 * len(DIGEST_INFO["sha256"]), 1 if forger.size <= SMALL else 7):
        flipped = int.from_bytes(info) ^ (1 << (8 * len(info) - 1 - bit))
        yield f"bit {bit} of DigestInfo", forger.padded(flipped.to_bytes(len(info)))
    yield "without NULL", forger.padded(WITHOUT_NULL + digest)
    for name, prefix in BER_LENGTHS.items():
        yield name, forger.padded(bytes.fromhex(prefix) + digest)


def _paddings(forger: Forger) -> Iterator[tuple[str, bytes]]:
    """Encoded messages with a correct DigestInfo and a mistake in the padding."""
    info = DIGEST_INFO["sha256"] + sha256(forger.message).digest()
    good = forger.padded(info)
    yield "block type 0", forger.padded(info, b"\x00")
    yield "block type 2", forger.padded(info, b"\x02")
    yield "first byte 1", b"\x01" + good[1:]
    for position in range(2, len(good) - len(info), max(1, forger.size // 32)):
        yield f"padding byte {position}", good[:position] + b"\xfe" + good[position + 1 :]
        yield f"padding ends at {position}", good[:position] + b"\0" + good[position + 1 :]
    yield "no end of padding", good.replace(b"\0" + info, b"\xff" + info)
    for length in (1, 8, 30):
        yield f"{length} trailing bytes", forger.padded(info, tail=b"\0" * length)
    eight = b"\0\x01" + b"\xff" * 8 + b"\0" + info
    yield "short padding, garbage behind", eight.ljust(forger.size, b"\xa5")
    yield "short padding, zeros in front", eight.rjust(forger.size, b"\0")


def _numbers(forger: Forger) -> Iterator[tuple[str, bytes]]:
    """Numbers and byte strings near the signature that are not the signature."""
    good, modulus, as_bytes = forger.genuine, forger.modulus, forger.bytes_of
    yield "s + n", as_bytes(good + modulus)
    yield "n - s", as_bytes(modulus - good)
    for name, number in {"0": 0, "1": 1, "n - 1": modulus - 1, "n": modulus}.items():
        yield name, as_bytes(number)
    yield "zero in front", b"\0" + as_bytes(good)
    yield "zero behind", as_bytes(good) + b"\0"
    yield "first byte missing", as_bytes(good)[1:]
    yield "last byte missing", as_bytes(good)[:-1]
    yield "first half", as_bytes(good)[: forger.size // 2]
    yield "reversed", as_bytes(good)[::-1]
    yield "PSS", forger.key.sign(forger.message, PSS(MGF1(SHA256()), 32), SHA256())


def _signatures(forger: Forger) -> Iterator[tuple[str, bytes]]:
    for kind in (_encodings, _paddings):
        for name, encoded in kind(forger):
            yield name, forger.bytes_of(forger.raw(encoded))
    yield from _numbers(forger)


def _noncanonical(text: str) -> str:
    """Another base64 text of the same bytes, with unused bits set. The text must have padding."""
    body = text.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + text[len(body) :]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "base64url": lambda text: urlsafe_b64encode(b64decode(text)).decode(),
    "hexadecimal with prefix": lambda text: "0x" + b64decode(text).hex(),
    "space inside": lambda text: text[:10] + " " + text[10:],
    "tab inside": lambda text: text[:10] + "\t" + text[10:],
    "wrapped": lambda text: " ".join(wrap(text, 76)),
    "quoted": lambda text: f'"{text}"',
    "single quotes": lambda text: f"'{text}'",
    "percent-encoded": lambda text: text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D") + "%",
    "padding too much": lambda text: text + "=",
    "padding inside": lambda text: text[:4] + "=" + text[5:],
    "twice, by comma": lambda text: f"{text},{text}",
    "scheme in front": lambda text: f"SHA256withRSA {text}",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server with a client for each key size."""
    settings = write_settings(tmp_path_factory.mktemp("forgeries"), *CLIENTS.values())
    with running(Settings.load(settings), Clock()) as merchant:
        yield merchant


@pytest.fixture(params=SIZES)
def forger(request: pytest.FixtureRequest) -> Forger:
    """A forger for each key size."""
    client = CLIENTS[request.param]
    return Forger(client.private_key, f"{client.client_key}|{TIMESTAMP}".encode())


def _answer(target: Merchant, forger: Forger, signature: str) -> tuple[int, bytes]:
    headers = CLIENTS[forger.key.key_size].headers(TIMESTAMP) | {"X-SIGNATURE": signature}
    response = target.send(headers)
    return response.status_code, response.content


def test_the_forger_can_sign(target: Merchant, forger: Forger) -> None:
    """The forger's arithmetic makes genuine signatures, so the forgeries fail only for their mistakes."""
    status, _ = _answer(target, forger, b64encode(forger.bytes_of(forger.genuine)).decode())
    assert status == 200


def test_all_forged_signatures_get_the_same_refusal(target: Merchant, forger: Forger) -> None:
    """Every well-formed forgery gets the same answer with status 401, byte for byte."""
    answers = {name: _answer(target, forger, b64encode(raw).decode()) for name, raw in _signatures(forger)}
    assert len(answers) > (200 if forger.size <= SMALL else 100)
    refusal = b'{"responseCode":"4017300","responseMessage":"Unauthorized. X-CLIENT-KEY or X-SIGNATURE"}'
    assert {name: answer for name, answer in answers.items() if answer != (401, refusal)} == {}


def test_a_hexadecimal_signature_is_refused(target: Merchant, forger: Forger) -> None:
    """A signature in hexadecimal is valid base64 of other bytes, and is refused with status 401."""
    status, _ = _answer(target, forger, forger.bytes_of(forger.genuine).hex())
    assert status == 401


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spellings_of_a_genuine_signature_are_malformed(
    target: Merchant, forger: Forger, spell: Callable[[str], str]
) -> None:
    """A genuine signature in another spelling than standard base64 is refused as a malformed X-SIGNATURE."""
    genuine = b64encode(forger.bytes_of(forger.genuine)).decode()
    altered = spell(genuine)
    if altered == genuine:
        altered = genuine[:-1] + "-"
    status, content = _answer(target, forger, altered)
    assert status == 400
    assert content == b'{"responseCode":"4007301","responseMessage":"Invalid Field Format X-SIGNATURE"}'


@pytest.mark.parametrize("bits", [bits for bits in SIZES if bits // 8 % 3], ids=str)
def test_non_canonical_base64_is_malformed(target: Merchant, bits: int) -> None:
    """Base64 with unused bits set is malformed, even if it decodes to the genuine signature."""
    forger = Forger(CLIENTS[bits].private_key, f"{CLIENTS[bits].client_key}|{TIMESTAMP}".encode())
    genuine = b64encode(forger.bytes_of(forger.genuine)).decode()
    altered = _noncanonical(genuine)
    assert b64decode(altered) == b64decode(genuine)
    assert _answer(target, forger, altered)[0] == 400
