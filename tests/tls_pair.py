"""Certificates of a test, and their private keys, in the files that the settings name."""

from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.nicepay import new_key

HOST = "127.0.0.1"
KEY_FILE, CERTIFICATE_FILE = "tls.key", "tls.pem"
TLS = f'tls_certificate_file = "{CERTIFICATE_FILE}"\ntls_key_file = "{KEY_FILE}"\n'
"""The keys of a listener in the settings."""

_AN_HOUR = timedelta(hours=1)


@cache
def rsa_key() -> RSAPrivateKey:
    """An RSA key that all tests of a process share."""
    return new_key()


def ec_key() -> EllipticCurvePrivateKey:
    """A new EC key."""
    return new_ec_key(SECP256R1())


def self_signed(
    key: RSAPrivateKey | EllipticCurvePrivateKey,
    *,
    begin: datetime | None = None,
    lifetime: timedelta = timedelta(days=90),
    has_names: bool = True,
    issuer: str = HOST,
) -> x509.Certificate:
    """A certificate for this machine. Its lifetime began an hour ago, or at `begin`.

    With another `issuer` it claims to be of this authority, although its own key signed it.
    """
    name, authority = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (HOST, issuer))
    start = begin or datetime.now(UTC) - _AN_HOUR
    builder = x509.CertificateBuilder(authority, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + lifetime)
    if has_names:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, SHA256())


def write_certificate(file: Path, certificate: x509.Certificate) -> None:
    """Write the certificate as PEM."""
    file.write_bytes(certificate.public_bytes(Encoding.PEM))


def write_key(file: Path, key: RSAPrivateKey | EllipticCurvePrivateKey) -> None:
    """Write the key as PEM, readable for its owner only."""
    file.touch(0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def write_pair(folder: Path, key: RSAPrivateKey | EllipticCurvePrivateKey | None = None) -> x509.Certificate:
    """Write a new certificate and its key, which is the shared one without `key`. Returns the certificate."""
    certificate = self_signed(key or rsa_key())
    write_certificate(folder / CERTIFICATE_FILE, certificate)
    write_key(folder / KEY_FILE, key or rsa_key())
    return certificate
