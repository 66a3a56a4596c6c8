"""Public keys in every format in which they arrive."""

import contextlib
import json
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
    Name,
    NameAttribute,
    random_serial_number,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis.strategies import binary, integers, just

from handlers.snap.key_content import MOST_BLOCKS
from handlers.snap.key_format_error import KeyFormatError
from handlers.snap.keys import (
    LARGEST_BITS,
    SMALLEST_BITS,
    certificate_end,
    fingerprint,
    is_inline,
    load_public_key,
)
from tests.key_numbers import jwk, private_jwk, private_rsa_key_value, rsa_key_value
from tests.nicepay import new_key
from tests.vectors import VECTORS

SEVERAL = "it contains several keys or certificates; put each of them in its own file"
PRIVATE = "it is a private key; the public key belongs here, and NICEPAY's private key never leaves NICEPAY"
NOT_RSA = "it is not an RSA key; its algorithm is {}, and SNAP signs with RSA"
UNKNOWN = "it is no key in a known form; ask for the key in PEM"
CUT_OFF = "the PEM is incomplete: its END line is missing"
DIFFERENT = "the PEM is damaged: the words after BEGIN and END differ; copy the key again"
FOREIGN = "it is PEM with a character that is not base64; copy the whole key again"
LOST = "it is base64 in which characters are missing; copy the whole key again"

OTHER_DER = (
    "it is complete DER, but no valid key and no certificate; see what it is with openssl asn1parse; ask for the key"
)
BAD_MEMBER = "it is a JWK whose {} is missing or not that of an RSA key for signatures"
BAD_NUMBERS = "it is an RSA key with numbers that are not valid; copy the whole key again"

KEY, OTHER = new_key(), new_key()
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


JWK = jwk(KEY.public_key())


SPKI, PKCS1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1
PEM, DER = _public(Encoding.PEM, SPKI).decode(), _public(Encoding.DER, SPKI)
FORMS = {
    "SPKI, PEM": PEM,
    "SPKI, PEM with CRLF": PEM.replace("\n", "\r\n"),
    "SPKI, PEM with CR": PEM.replace("\n", "\r"),
    "SPKI, PEM with written line ends": PEM.replace("\n", "\\n"),
    "SPKI, PEM with written CRLF": PEM.replace("\n", "\\r\\n"),
    "SPKI, PEM with line ends that were written twice": PEM.replace("\n", "\\\\n"),
    "SPKI, PEM on one line": PEM.replace("\n", ""),
    "SPKI, PEM with blanks for line ends": PEM.replace("\n", " "),
    "SPKI, PEM, indented": "\n  " + PEM.replace("\n", "\n  ") + "\n\n",
    "SPKI, PEM after other text": "NICEPAY, kunci publik é\n" + PEM + "-- \nNICEPAY",
    "SPKI, PEM in quotes": f"PUBLIC_KEY='{PEM}'",
    "SPKI, PEM with a header": PEM.replace("KEY-----\n", "KEY-----\nComment: a\n  b\n\n", 1),
    "SPKI in the armour of PKCS #1": PEM.replace("PUBLIC", "RSA PUBLIC"),
    "SPKI, base64 of the DER": _base64(DER),
    "SPKI, base64 of the DER, wrapped": "\n".join(wrap(_base64(DER), 64)),
    "SPKI, base64 of the DER with written line ends": "\\n".join(wrap(_base64(DER), 64)),
    "SPKI, base64 of the DER without padding": _base64(DER).rstrip("="),
    "SPKI, base64 of the PEM": _base64(PEM.encode()),
    "SPKI, base64 of the PEM with CRLF": _base64(PEM.replace("\n", "\r\n").encode()),
    "PKCS #1, PEM": _public(Encoding.PEM, PKCS1).decode(),
    "PKCS #1 in the armour of SPKI": _public(Encoding.PEM, PKCS1).decode().replace("RSA PUBLIC", "PUBLIC"),
    "PKCS #1, base64 of the DER": _base64(_public(Encoding.DER, PKCS1)),
    "PKCS #1, base64 of the PEM": _base64(_public(Encoding.PEM, PKCS1)),
    "certificate, PEM": _certificate(Encoding.PEM).decode(),
    "certificate, PEM after other text": "subject=CN = NICEPAY\n" + _certificate(Encoding.PEM).decode(),
    "certificate, base64 of the DER": _base64(_certificate(Encoding.DER)),
    "certificate, base64 of the PEM": _base64(_certificate(Encoding.PEM)),
    "OpenSSH": _public(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
    "OpenSSH with comments": "# NICEPAY\n" + _public(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " me@host\n",
    "JWK": json.dumps(JWK),
    "JWK with use and algorithm": json.dumps(JWK | {"use": "sig", "alg": "RS256", "key_ops": ["verify"], "kid": "1"}),
    "JWK with its certificate": json.dumps(JWK | {"x5c": [_base64(_certificate(Encoding.DER))]}),
    "JWK with padding": json.dumps(JWK | {"n": JWK["n"] + "=="}),
    "JWK set": json.dumps({"keys": [JWK]}, indent=2),
    "RSAKeyValue": rsa_key_value(KEY.public_key()),
    "RSAKeyValue with a namespace": '<?xml version="1.0"?>\n<!-- a -->'
    + rsa_key_value(KEY.public_key(), namespace=' xmlns="http://www.w3.org/2000/09/xmldsig#"'),
}
FILES = {
    **{name: text.encode() for name, text in FORMS.items()},
    "UTF-8 with a byte-order mark": b"\xef\xbb\xbf" + PEM.encode(),
    "UTF-16, little-endian": b"\xff\xfe" + PEM.encode("utf-16-le"),
    "UTF-16, big-endian": b"\xfe\xff" + PEM.encode("utf-16-be"),
    "UTF-16, base64": _base64(DER).encode("utf-16"),
    "UTF-16, JWK": json.dumps(JWK).encode("utf-16"),
    "Latin-1 before the PEM": "Größe: 2048\n".encode("latin-1") + PEM.encode(),
    "SPKI, DER": DER,
    "PKCS #1, DER": _public(Encoding.DER, PKCS1),
    "certificate, DER": _certificate(Encoding.DER),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_format_is_the_same_key(text: str) -> None:
    """Every format loads as the same key, and no format is mistaken for a path."""
    assert load_public_key(text).public_numbers() == KEY.public_key().public_numbers()
    assert is_inline(text) or text.startswith("# NICEPAY")


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_every_file_is_the_same_key(content: bytes) -> None:
    """The bytes of a file load as the same key, in every encoding."""
    assert load_public_key(content).public_numbers() == KEY.public_key().public_numbers()


@pytest.mark.parametrize("vector", VECTORS["asymmetric"], ids=lambda vector: vector["name"])
def test_keys_that_nicepay_published_are_accepted(vector: dict[str, str | int]) -> None:
    """NICEPAY's published keys of 1024 and 2048 bits load in the format of their publication."""
    assert load_public_key(str(vector["publicKeySpkiB64"])).key_size == vector["bits"]


def _private_pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _ec_public() -> str:
    return EC_KEY.public_key().public_bytes(Encoding.PEM, SPKI).decode()


def _of_size(bits: int) -> str:
    """A public key of any size. No private key is needed for it."""
    numbers = RSAPublicNumbers(65537, (1 << (bits - 1)) | 1)
    return numbers.public_key().public_bytes(Encoding.PEM, SPKI).decode()


def _chain(length: int) -> list[str]:
    """Certificates in PEM, from that of KEY to the root. Each is issued by the next."""
    day = datetime(2026, 1, 22, tzinfo=UTC)
    keys = [KEY, *(OTHER for _ in range(length - 1))]
    names = [Name([NameAttribute(NameOID.COMMON_NAME, f"NICEPAY {at}")]) for at in range(length)]
    issuers = [*range(1, length), length - 1]
    certificates = []
    for at, issuer in enumerate(issuers):
        builder = CertificateBuilder(
            names[issuer], names[at], keys[at].public_key(), at + 1, day, day + timedelta(days=1)
        )
        certificates.append(builder.sign(keys[issuer], SHA256()).public_bytes(Encoding.PEM).decode())
    return certificates


def test_the_first_certificate_of_a_chain_counts() -> None:
    """A chain of certificates gives the key and the end of its first certificate, up to the limit."""
    for length in (2, 3, MOST_BLOCKS):
        chain = "subject=first\n" + "\n".join(_chain(length))
        assert load_public_key(chain).public_numbers() == KEY.public_key().public_numbers()
        assert certificate_end(chain) == datetime(2026, 1, 23, tzinfo=UTC)


UNUSABLE = {
    "a private key in PEM": (_private_pem(), PRIVATE),
    "a private key in base64": (
        _base64(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        PRIVATE,
    ),
    "an encrypted private key in base64": (
        _base64(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))),
        PRIVATE,
    ),
    "a private key, PKCS #1": (
        KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
        PRIVATE,
    ),
    "a private key, OpenSSH": (
        KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
        PRIVATE,
    ),
    "a private JWK": (json.dumps(private_jwk(KEY)), PRIVATE),
    "a JWK with one secret number": (json.dumps(JWK | {"dp": private_jwk(KEY)["dp"]}), PRIVATE),
    "a JWK with further primes": (json.dumps(JWK | {"oth": []}), PRIVATE),
    "RSAKeyValue with one secret number": (rsa_key_value(KEY.public_key(), {"InverseQ": 3}), PRIVATE),
    "a private RSAKeyValue": (private_rsa_key_value(KEY), PRIVATE),
    "an elliptic key": (_ec_public(), NOT_RSA.format("EC")),
    "an Edwards key": (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, SPKI).decode(),
        NOT_RSA.format("Ed25519"),
    ),
    "a truncated PEM": (PEM[:200], CUT_OFF),
    "a whole PEM, then a truncated one": (PEM + PEM[:200], CUT_OFF),
    "an END line before a PEM without one": (PEM[-25:] + PEM[:-25], CUT_OFF),
    "PEM with two kinds of armour": (PEM.replace("END PUBLIC", "END RSA PUBLIC"), DIFFERENT),
    "a PEM without its middle": (
        PEM[:201] + PEM[-61:],
        "it is cut off: 140 of 294 bytes are missing; copy the whole key",
    ),
    "a PEM with lost characters": (PEM[:200] + PEM[-61:], LOST),
    "a PEM with a stray character": (PEM.replace("\n", "\n*", 2), FOREIGN),
    "a truncated base64": (_base64(DER)[:200], "it is cut off: 144 of 294 bytes are missing; copy the whole key"),
    "a base64 with a lost character": (_base64(DER)[:-3], LOST),
    "bytes after the key": (_base64(DER + b"abc"), "3 bytes follow the end of the key; copy only the key"),
    "DER of another kind": (
        _base64(b"\x30\x82\x01\x00" + b"\x05\x00" * 128),
        OTHER_DER,
    ),
    "an empty file": (" \n", "it is empty; put the key here"),
    "two keys": (PEM + _of_size(1024), SEVERAL),
    "two OpenSSH keys": (2 * f"{FORMS['OpenSSH']}\n", SEVERAL),
    "a PEM and an OpenSSH key": (f"{PEM}\n{FORMS['OpenSSH']}", SEVERAL),
    "a key and its certificate": (PEM + FORMS["certificate, PEM"], SEVERAL),
    "certificates that are no chain": ("".join(_chain(3)[::-1]), SEVERAL),
    "a chain with a gap": ("".join([_chain(3)[0], _chain(3)[2]]), SEVERAL),
    "a chain that is too long": ("".join(_chain(MOST_BLOCKS + 1)), SEVERAL),
    "two keys in base64": (_base64((PEM + _of_size(1024)).encode()), SEVERAL),
    "a private key and its public one": (_private_pem() + PEM, PRIVATE),
    "a private key in the armour of a public one": (_private_pem().replace("PRIVATE", "PUBLIC"), PRIVATE),
    "the same, and a public key": (_private_pem().replace("PRIVATE", "PUBLIC") + PEM, PRIVATE),
    "damage in the armour of a private key": (_private_pem().replace("\n", "\n*", 2), PRIVATE),
    "words": ("the public key of NICEPAY", UNKNOWN),
    "words without blanks": ("publickeyofNICEPAY", UNKNOWN),
    "base64 of words": (_base64(b"the public key of NICEPAY, which is not here" * 3), UNKNOWN),
    "base64 with a stray character": ("!" + _base64(DER), UNKNOWN),
    "letters beyond ASCII": ("clé publique", UNKNOWN),
    "half of a surrogate pair": (
        '{"\ud800": 1}',
        "it is JSON without a key, or JSON with a mistake or a member twice; ask for the key in PEM",
    ),
    "a damaged OpenSSH key": (FORMS["OpenSSH"][:99], "it is an OpenSSH key with damage; copy the whole key again"),
    "a JWK with another certificate": (
        json.dumps(jwk(OTHER.public_key()) | {"x5c": [_base64(_certificate(Encoding.DER))]}),
        "it is a JWK whose certificate in x5c has another key; ask which of the two is right",
    ),
    "a JWK for encryption": (json.dumps(JWK | {"use": "enc"}), BAD_MEMBER.format("use")),
    "a JWK for another algorithm": (json.dumps(JWK | {"alg": "RSA-OAEP"}), BAD_MEMBER.format("alg")),
    "RSAKeyValue with a modulus twice": (
        rsa_key_value(KEY.public_key()).replace("<Exponent>AQAB</Exponent>", "<Modulus>AQAB</Modulus>"),
        "it is XML other than RSAKeyValue; ask for the key in PEM",
    ),
    "an exponent of 1": (json.dumps(JWK | {"e": "AQ"}), BAD_NUMBERS),
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


def test_a_fingerprint_identifies_a_public_key() -> None:
    """The fingerprint is the SHA-256 of the SubjectPublicKeyInfo in DER, for every format of the key."""
    expected = sha256(_public(Encoding.DER, SPKI)).hexdigest()
    forms = [_public(Encoding.PEM, SPKI), _public(Encoding.PEM, PKCS1)]
    assert {fingerprint(load_public_key(form.decode())) for form in forms} == {expected}


@pytest.mark.parametrize("form", [name for name in FORMS if "certificate" in name and "JWK" not in name])
def test_a_certificate_has_an_end(form: str) -> None:
    """The end of a certificate's validity is read from every format of the certificate."""
    assert certificate_end(FORMS[form]) == datetime(2026, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize("form", [name for name in FORMS if "certificate" not in name or "JWK" in name])
def test_a_bare_key_has_no_end(form: str) -> None:
    """A public key without a certificate has no end of validity."""
    assert certificate_end(FORMS[form]) is None


@pytest.mark.parametrize("text", ["", "no key", "*"])
def test_other_text_has_no_end(text: str) -> None:
    """A text that is neither key nor certificate has no end of validity."""
    assert certificate_end(text) is None
