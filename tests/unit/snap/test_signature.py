"""The asymmetric signature."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from itertools import count
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from hypothesis import given
from hypothesis.strategies import from_regex, text

from handlers.snap.signature import sign, string_to_sign, verify_each
from tests.nicepay import Nicepay
from tests.vectors import asymmetric

VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
TIMESTAMP = "2026-01-22T12:00:00+07:00"
MESSAGE = f"IONPAYTEST|{TIMESTAMP}".encode()


def verifies(keys: Iterable[RSAPublicKey], message: bytes, signature: str) -> bool:
    return any(verify_each(keys, message, signature))


@pytest.mark.parametrize(("key", "text", "signature"), asymmetric())
def test_published_vectors_verify(key: RSAPublicKey, text: str, signature: str) -> None:
    """Published signatures verify over our string to sign."""
    client_key, _, timestamp = text.partition("|")
    assert verifies([key], string_to_sign(client_key, timestamp), signature)


def test_the_string_to_sign_is_the_headers_as_sent() -> None:
    """Client key, bar and timestamp are joined as sent, in UTF-8, without reformatting."""
    assert string_to_sign("A|B", "2026-01-22T05:00:00.190Z") == b"A|B|2026-01-22T05:00:00.190Z"


@given(text(VISIBLE, min_size=1, max_size=36), from_regex(r"[0-9TZ:.+-]{20,35}", fullmatch=True))
def test_the_string_to_sign_is_unambiguous(client_key: str, timestamp: str) -> None:
    """A timestamp contains no bar, so different headers never have the same string to sign."""
    assert string_to_sign(client_key, timestamp).decode().rsplit("|", 1) == [client_key, timestamp]


def test_we_sign_as_nicepay_does(nicepay: Nicepay) -> None:
    """PKCS #1 v1.5 is deterministic, so our signature equals that of another implementation."""
    assert sign(nicepay.private_key, MESSAGE) == nicepay.signature(TIMESTAMP)


def test_any_of_several_keys_may_verify(nicepay: Nicepay, stranger: Nicepay) -> None:
    """A signature is valid if one of the client's keys verifies it, at any position."""
    keys = [each.private_key.public_key() for each in (stranger, nicepay)]
    signature = nicepay.signature(TIMESTAMP)
    assert verifies(keys, MESSAGE, signature)
    assert verifies(keys[::-1], MESSAGE, signature)
    assert not verifies(keys[:1], MESSAGE, signature)


@pytest.mark.parametrize(
    ("padding", "algorithm"),
    [
        (PKCS1v15(), SHA1()),  # noqa: S303  that it is refused is what is tested
        (PKCS1v15(), SHA512()),
        (PSS(MGF1(SHA256()), 32), SHA256()),
    ],
    ids=["sha1", "sha512", "pss"],
)
def test_another_algorithm_does_not_verify(
    nicepay: Nicepay, padding: PKCS1v15 | PSS, algorithm: SHA1 | SHA256 | SHA512
) -> None:
    """The right key with another hash or another padding is refused."""
    raw = nicepay.private_key.sign(MESSAGE, padding, algorithm)
    assert not verifies([nicepay.private_key.public_key()], MESSAGE, b64encode(raw).decode())


def test_what_is_not_base64_is_an_error(nicepay: Nicepay) -> None:
    """Text that is not base64 is an error, even though the document already refuses it."""
    with pytest.raises(ValueError, match=r"padding|base64"):
        verifies([nicepay.private_key.public_key()], MESSAGE, nicepay.signature(TIMESTAMP) + "!")


@pytest.mark.parametrize("length", [3, 255, 257, 1536])
def test_a_signature_of_another_length_does_not_verify(nicepay: Nicepay, length: int) -> None:
    """A signature of another length than the key's is refused without an error."""
    signature = b64encode(bytes(length)).decode()
    assert not verifies([nicepay.private_key.public_key()], MESSAGE, signature)


def test_a_number_above_the_modulus_is_no_signature(nicepay: Nicepay) -> None:
    """Only the number below the modulus is the signature (RFC 8017, section 8.2.2)."""
    texts = (f"{number}|{TIMESTAMP}" for number in count())
    text = next(text for text in texts if b64decode(nicepay.signature_of(text))[0] == 0)
    right = b64decode(nicepay.signature_of(text))
    key = nicepay.private_key.public_key()
    results = [verifies([key], text.encode(), b64encode(first + right[1:]).decode()) for first in (b"\0", b"\xff")]
    assert results == [True, False]


class Recorder:
    """A key that records the signatures that it verifies."""

    def __init__(self, key: RSAPublicKey) -> None:
        self._key = key
        self.asked: list[int] = []

    def public_numbers(self) -> RSAPublicNumbers:
        return self._key.public_numbers()

    def verify(self, raw: bytes, message: bytes, padding: PKCS1v15, algorithm: SHA256) -> None:
        self.asked.append(int.from_bytes(raw))
        self._key.verify(raw, message, padding, algorithm)


@pytest.mark.parametrize("first", [b"\0", b"\x7f", b"\xff"])
def test_openssl_verifies_only_numbers_below_the_modulus(nicepay: Nicepay, first: bytes) -> None:
    """OpenSSL refuses other numbers at once, and that time would reveal the modulus."""
    recorder = Recorder(nicepay.private_key.public_key())
    signature = b64encode(first + b"\xff" * 255).decode()
    assert not verifies(cast("list[RSAPublicKey]", [recorder]), MESSAGE, signature)
    (asked,) = recorder.asked
    assert asked < recorder.public_numbers().n
