"""The published test key of the documents, in the forms in which a client's key may arrive."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.snap.private_keys import load_private_key
from tests.document import PATH
from tests.key_numbers import jwk, rsa_key_value

FOLDER = PATH.with_name("test-key")
PRIVATE_FILE = FOLDER / "test-key-private.pem"
PUBLIC_FILE = FOLDER / "test-key-public.pem"
PRIVATE = load_private_key(PRIVATE_FILE.read_bytes())
PUBLIC = PRIVATE.public_key()


def _certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a client")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(PUBLIC).serial_number(1)
    dated = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    return dated.sign(PRIVATE, SHA256()).public_bytes(Encoding.PEM)


FORMS: Mapping[str, bytes] = MappingProxyType(
    {
        "the published file": PUBLIC_FILE.read_bytes(),
        "DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "PKCS #1": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "OpenSSH": PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "JWK": json.dumps(jwk(PUBLIC)).encode(),
        "RSAKeyValue": rsa_key_value(PUBLIC).encode(),
        "certificate": _certificate(),
        "another exponent": RSAPublicNumbers(3, PUBLIC.public_numbers().n)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
)
"""The content of a key file by the name of its form."""
