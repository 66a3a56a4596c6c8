"""Private keys in every form in which they arrive."""

import json
import re
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from handlers.snap.key_format_error import KeyFormatError
from handlers.snap.private_keys import EncryptedKeyError, load_private_key
from tests.key_numbers import jwk, private_jwk, private_rsa_key_value, rsa_key_value
from tests.nicepay import new_key

KEY = new_key()
PUBLIC = "it is a public key or a certificate; give the private key"
SEVERAL = "it contains several private keys; put each of them in its own file"
PASSPHRASE = b"a passphrase"
PKCS8, PKCS1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def _private(
    encoding: Encoding,
    form: PrivateFormat,
    encryption: KeySerializationEncryption | None = None,
    key: RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY,
) -> bytes:
    return key.private_bytes(encoding, form, encryption or NoEncryption())


def _encrypted(encoding: Encoding, form: PrivateFormat) -> bytes:
    return _private(encoding, form, BestAvailableEncryption(PASSPHRASE))


PEM, PEM_1 = _private(Encoding.PEM, PKCS8), _private(Encoding.PEM, PKCS1)
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
FORMS = {
    "PKCS #8, PEM": PEM,
    "PKCS #8, PEM with CRLF": PEM.replace(b"\n", b"\r\n"),
    "PKCS #8, PEM with written line ends": PEM.replace(b"\n", b"\\n"),
    "PKCS #8, UTF-16": PEM.decode().encode("utf-16"),
    "PKCS #8, with a byte-order mark": b"\xef\xbb\xbf" + PEM,
    "PKCS #8, DER": _private(Encoding.DER, PKCS8),
    "PKCS #8, base64 of the DER": b64encode(_private(Encoding.DER, PKCS8)),
    "PKCS #8, base64 of the PEM": b64encode(PEM),
    "PKCS #8 in the armour of PKCS #1": PEM.replace(b" PRIVATE", b" RSA PRIVATE"),
    "PKCS #8 after bag attributes, with its public key": b"Bag Attributes\n" + PEM + PUBLIC_PEM,
    "PKCS #1, PEM": PEM_1,
    "PKCS #1, DER": _private(Encoding.DER, PKCS1),
    "PKCS #1, base64 of the DER": b64encode(_private(Encoding.DER, PKCS1)),
    "PKCS #8 in the armour of a public key": PEM.replace(b" PRIVATE", b" PUBLIC"),
    "PKCS #8 in the armour of OpenSSH": PEM.replace(b" PRIVATE", b" OPENSSH PRIVATE"),
    "PKCS #1 in the armour of a certificate": PEM_1.replace(b" RSA PRIVATE KEY", b" CERTIFICATE"),
    "PKCS #1 in the armour of PKCS #8": PEM_1.replace(b" RSA PRIVATE", b" PRIVATE"),
    "OpenSSH": _private(Encoding.PEM, PrivateFormat.OpenSSH),
    "OpenSSH in the armour of PKCS #8": _private(Encoding.PEM, PrivateFormat.OpenSSH).replace(b" OPENSSH", b""),
    "JWK": json.dumps(private_jwk(KEY)).encode(),
    "JWK without primes": json.dumps(jwk(KEY.public_key()) | {"d": private_jwk(KEY)["d"]}).encode(),
    "RSAKeyValue": private_rsa_key_value(KEY).encode(),
}
ENCRYPTED = {
    "PKCS #8, PEM": _encrypted(Encoding.PEM, PKCS8),
    "PKCS #8, DER": _encrypted(Encoding.DER, PKCS8),
    "PKCS #8, base64 of the DER": b64encode(_encrypted(Encoding.DER, PKCS8)),
    "PKCS #1, PEM with headers": _encrypted(Encoding.PEM, PKCS1),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["no passphrase", "passphrase"])
def test_every_form_is_the_same_key(content: bytes, passphrase: bytes | None) -> None:
    """Every form loads as the same key. A passphrase that is not needed is ignored."""
    assert load_private_key(content, passphrase).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize("content", ENCRYPTED.values(), ids=ENCRYPTED)
def test_an_encrypted_key_needs_its_passphrase(content: bytes) -> None:
    """The right passphrase decrypts the key. A missing and a wrong one are different errors."""
    assert load_private_key(content, PASSPHRASE).private_numbers() == KEY.private_numbers()
    with pytest.raises(EncryptedKeyError, match="it is encrypted"):
        load_private_key(content)
    for wrong in (b"wrong", b""):
        with pytest.raises(EncryptedKeyError, match="the passphrase does not decrypt it"):
            load_private_key(content, wrong)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is empty; put the key here"),
        (PUBLIC_PEM, PUBLIC),
        (KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), PUBLIC),
        (KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH), PUBLIC),
        (json.dumps(jwk(KEY.public_key())).encode(), PUBLIC),
        (rsa_key_value(KEY.public_key()).encode(), PUBLIC),
        (PEM + PEM_1, SEVERAL),
        (PEM[:400], "the PEM is incomplete: its END line is missing"),
        (PEM[:401] + PEM[-26:], "it is cut off: 943 of 1218 bytes are missing; copy the whole key"),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "it is an OpenSSH key with damage; copy the whole key again",
        ),
        (
            json.dumps(private_jwk(KEY) | {"d": "AQAB"}).encode(),
            "it is an RSA key with numbers that are not valid; copy the whole key again",
        ),
        (
            _private(Encoding.PEM, PKCS8, key=ec.generate_private_key(ec.SECP256R1())),
            "it is not an RSA key; its algorithm is EC, and SNAP signs with RSA",
        ),
        (b"my key", "it is no key in a known form; ask for the key in PEM"),
    ],
    ids=[
        "empty",
        "public",
        "public DER",
        "OpenSSH",
        "JWK",
        "XML",
        "two",
        "cut",
        "middle",
        "damaged OpenSSH",
        "numbers",
        "elliptic",
        "words",
    ],
)
def test_anything_else_is_refused(content: bytes, expected: str) -> None:
    """Anything but one RSA private key is refused with the reason. Nothing of the key is repeated."""
    with pytest.raises(KeyFormatError) as error:
        load_private_key(content)
    assert re.sub("[0-9]+ of [0-9]+", "943 of 1218", str(error.value)) == expected
