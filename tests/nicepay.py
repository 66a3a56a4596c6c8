"""NICEPAY's side in a test: a key pair and signed requests. It uses no code of this project."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

JAKARTA = timezone(timedelta(hours=7))
BODY = b'{"grantType":"client_credentials","additionalInfo":{}}'
CLIENT_KEY = "IONPAYTEST"


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Nicepay:
    """A client with a private key."""

    client_key: str = CLIENT_KEY
    private_key: rsa.RSAPrivateKey = field(default_factory=new_key)

    @classmethod
    def from_pem(cls, private_pem: str, client_key: str = CLIENT_KEY) -> Self:
        key = load_pem_private_key(private_pem.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return cls(client_key, key)

    @property
    def public_pem(self) -> str:
        spki = self.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return spki.decode()

    @property
    def private_pem(self) -> str:
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def signature(self, timestamp: str, client_key: str | None = None) -> str:
        return self.signature_of(f"{client_key or self.client_key}|{timestamp}")

    def signature_of(self, message: str) -> str:
        return b64encode(self.private_key.sign(message.encode(), padding.PKCS1v15(), SHA256())).decode()

    def headers(self, timestamp: str) -> dict[str, str]:
        """The headers of a genuine request. The signature covers the timestamp exactly as it is sent."""
        return {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": self.client_key,
            "X-SIGNATURE": self.signature(timestamp),
        }


def jakarta(instant: datetime) -> str:
    """The instant in Jakarta time as NICEPAY's own clients write it, 25 characters long."""
    return instant.astimezone(JAKARTA).strftime("%Y-%m-%dT%H:%M:%S+07:00")


def fingerprint(nicepay: Nicepay) -> str:
    """The fingerprint of the public key, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
    spki = nicepay.private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).hexdigest()
