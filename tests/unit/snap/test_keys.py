"""Public keys in every format in which they arrive."""

import contextlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from textwrap import wrap

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509 import (
    CertificateBuilder,
    CertificateSigningRequestBuilder,
    Name,
    NameAttribute,
    random_serial_number,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis.strategies import binary, integers, just

from handlers.snap.keys import (
    LARGEST_BITS,
    SMALLEST_BITS,
    KeyFormatError,
    certificate_end,
    fingerprint,
    is_inline,
    load_private_key,
    load_public_key,
)
from tests.nicepay import new_key
from tests.vectors import VECTORS

SEVERAL = "it contains several keys or certificates; put each of them in its own file"
PRIVATE = "it is a private key; the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
NOT_RSA = "it is not an RSA key; SNAP signs with RSA"
INCOMPLETE = "it is not a readable public key; check that it is complete"
NEITHER = "it is neither PEM nor base64; put NICEPAY's public key here"
ENCRYPTED = "it is not an unencrypted private key in PEM"

KEY = new_key()
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def _public(encoding: Encoding, form: PublicFormat, key: RSAPrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(encoding, form)


def _certificate(encoding: Encoding) -> bytes:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "NICEPAY")])
    day = datetime(2026, 1, 22, tzinfo=UTC)
    builder = CertificateBuilder(name, name, KEY.public_key(), random_serial_number(), day, day + timedelta(days=1))
    return builder.sign(KEY, SHA256()).public_bytes(encoding)


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


SPKI, PKCS1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1
FORMS = {
    "SPKI, PEM": _public(Encoding.PEM, SPKI).decode(),
    "SPKI, PEM with CRLF": _public(Encoding.PEM, SPKI).decode().replace("\n", "\r\n"),
    "SPKI, PEM, indented": "\n  " + _public(Encoding.PEM, SPKI).decode() + "\n\n",
    "SPKI, base64 of the DER": _base64(_public(Encoding.DER, SPKI)),
    "SPKI, base64 of the DER, wrapped": "\n".join(wrap(_base64(_public(Encoding.DER, SPKI)), 64)),
    "SPKI, base64 of the PEM": _base64(_public(Encoding.PEM, SPKI)),
    "PKCS #1, PEM": _public(Encoding.PEM, PKCS1).decode(),
    "PKCS #1, base64 of the DER": _base64(_public(Encoding.DER, PKCS1)),
    "PKCS #1, base64 of the PEM": _base64(_public(Encoding.PEM, PKCS1)),
    "certificate, PEM": _certificate(Encoding.PEM).decode(),
    "certificate, base64 of the DER": _base64(_certificate(Encoding.DER)),
    "certificate, base64 of the PEM": _base64(_certificate(Encoding.PEM)),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_format_is_the_same_key(text: str) -> None:
    """Every format loads as the same key, and no format is mistaken for a path."""
    assert load_public_key(text).public_numbers() == KEY.public_key().public_numbers()
    assert is_inline(text)


@pytest.mark.parametrize("vector", VECTORS["asymmetric"], ids=lambda vector: vector["name"])
def test_keys_that_nicepay_published_are_accepted(vector: dict[str, str | int]) -> None:
    """NICEPAY's published keys of 1024 and 2048 bits load in the format of their publication."""
    assert load_public_key(str(vector["publicKeySpkiB64"])).key_size == vector["bits"]


def _private_pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _ec_public() -> str:
    return EC_KEY.public_key().public_bytes(Encoding.PEM, SPKI).decode()


def _request() -> str:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "NICEPAY")])
    request = CertificateSigningRequestBuilder(name).sign(KEY, SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def _of_size(bits: int) -> str:
    """A public key of any size. No private key is needed for it."""
    numbers = RSAPublicNumbers(65537, (1 << (bits - 1)) | 1)
    return numbers.public_key().public_bytes(Encoding.PEM, SPKI).decode()


UNUSABLE = {
    "a private key in PEM": (_private_pem(), PRIVATE),
    "a private key in base64": (
        _base64(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        PRIVATE,
    ),
    "a private key, PKCS #1": (
        KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
        PRIVATE,
    ),
    "an elliptic key": (_ec_public(), NOT_RSA),
    "an Edwards key": (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, SPKI).decode(),
        NOT_RSA,
    ),
    "a truncated PEM": (FORMS["SPKI, PEM"][:200], "the PEM is incomplete: its END line is missing"),
    "a PEM without its middle": (FORMS["SPKI, PEM"][:200] + FORMS["SPKI, PEM"][-60:], INCOMPLETE),
    "a truncated base64": (FORMS["SPKI, base64 of the DER"][:200], INCOMPLETE),
    "an empty file": (" \n", "it is empty; put NICEPAY's public key here"),
    "two keys": (FORMS["SPKI, PEM"] + _of_size(1024), SEVERAL),
    "a chain of certificates": (2 * _certificate(Encoding.PEM).decode(), SEVERAL),
    "two keys in base64": (_base64((FORMS["SPKI, PEM"] + _of_size(1024)).encode()), SEVERAL),
    "a private key and its public one": (_private_pem() + FORMS["SPKI, PEM"], PRIVATE),
    "a certificate request": (_request(), "it is a certificate request; put the public key or the certificate here"),
    "words": ("the public key of NICEPAY", NEITHER),
    "base64 with a stray character": ("!" + FORMS["SPKI, base64 of the DER"], NEITHER),
    "letters beyond ASCII": ("clé publique", NEITHER),
    "512 bits": (_of_size(512), "it is an RSA key of 512 bits; use 1024 to 8192 bits"),
    "1023 bits": (_of_size(1023), "it is an RSA key of 1023 bits; use 1024 to 8192 bits"),
    "8193 bits": (_of_size(8193), "it is an RSA key of 8193 bits; use 1024 to 8192 bits"),
}


@pytest.mark.parametrize(("text", "expected"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_key_is_described_and_not_quoted(text: str, expected: str) -> None:
    """The message says what the text is, and quotes nothing of it."""
    with pytest.raises(KeyFormatError) as error:
        load_public_key(text)
    assert str(error.value) == expected


@given(binary(max_size=400) | just(FORMS["SPKI, PEM"].encode()), integers(0, 460), integers(0, 255))
def test_any_text_is_a_key_or_a_key_format_error(raw: bytes, position: int, byte: int) -> None:
    """Random bytes, and a key with one changed byte, load as a key or raise KeyFormatError."""
    altered = raw[:position] + bytes([byte]) + raw[position + 1 :]
    for form in (altered.decode("latin-1"), _base64(altered)):
        with contextlib.suppress(KeyFormatError):
            assert SMALLEST_BITS <= load_public_key(form).key_size <= LARGEST_BITS


@pytest.mark.parametrize("bits", [1024, 8192])
def test_the_limits_of_size_are_accepted(bits: int) -> None:
    """Keys of 1024 bits and of 8192 bits are accepted."""
    assert load_public_key(_of_size(bits)).key_size == bits


@pytest.mark.parametrize("text", ["nicepay.pem", "keys/" + "x" * 120 + ".pem", "QUJD" * 24])
def test_a_path_is_not_mistaken_for_a_key(text: str) -> None:
    """A text without PEM that is not base64 of more than 100 characters is a path."""
    assert not is_inline(text)


def test_a_private_key_is_loaded_from_pem() -> None:
    """An RSA private key in PEM loads, for a program that plays NICEPAY."""
    assert load_private_key(_private_pem().encode()).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    ("pem", "expected"),
    [
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")), ENCRYPTED),
        (FORMS["SPKI, PEM"].encode(), "it is a public key; give the private key"),
        (b"", ENCRYPTED),
        (_private_pem(EC_KEY).encode(), NOT_RSA),
    ],
    ids=["encrypted", "public", "empty", "elliptic"],
)
def test_anything_but_a_private_key_is_refused(pem: bytes, expected: str) -> None:
    """An encrypted key, a public key, an empty text or a key of another kind is refused with the reason."""
    with pytest.raises(KeyFormatError) as error:
        load_private_key(pem)
    assert str(error.value) == expected


def test_a_fingerprint_identifies_a_public_key() -> None:
    """The fingerprint is the SHA-256 of the SubjectPublicKeyInfo in DER, for every format of the key."""
    expected = sha256(_public(Encoding.DER, SPKI)).hexdigest()
    forms = [_public(Encoding.PEM, SPKI), _public(Encoding.PEM, PKCS1)]
    assert {fingerprint(load_public_key(form.decode())) for form in forms} == {expected}


@pytest.mark.parametrize("form", [name for name in FORMS if name.startswith("certificate")])
def test_a_certificate_has_an_end(form: str) -> None:
    """The end of a certificate's validity is read from every format of the certificate."""
    assert certificate_end(FORMS[form]) == datetime(2026, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize("form", [name for name in FORMS if not name.startswith("certificate")])
def test_a_bare_key_has_no_end(form: str) -> None:
    """A public key without a certificate has no end of validity."""
    assert certificate_end(FORMS[form]) is None


@pytest.mark.parametrize("text", ["", "no key", "*"])
def test_other_text_has_no_end(text: str) -> None:
    """A text that is neither key nor certificate has no end of validity."""
    assert certificate_end(text) is None
