"""A self-signed certificate for an address of this machine."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_AN_HOUR = timedelta(hours=1)


def write(folder: Path, host: str) -> ssl.SSLContext:
    """Write `certificate.pem` and `certificate-key.pem`, and return a TLS context that trusts only this certificate."""
    key = generate_private_key(SECP256R1())
    certificate = folder / "certificate.pem"
    certificate.write_bytes(_self_signed(key, host).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "certificate-key.pem").write_bytes(private)
    return ssl.create_default_context(cafile=certificate)


def _self_signed(key: EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _AN_HOUR)
        .not_valid_after(now + _AN_HOUR)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(key, SHA256())
    )
