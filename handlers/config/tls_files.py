"""The certificate and the private key of a listener with TLS. Reading the settings also checks the pair."""

import os
import ssl
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate, ExtensionNotFound, SubjectAlternativeName, load_pem_x509_certificates
from pydantic import BeforeValidator, Field, InstanceOf
from pydantic_settings import NoDecode

from handlers.config.file_content import read_bytes
from handlers.config.key_files import key_path
from handlers.config.tls_context import ServerContext

TLS_1_2_SUITES = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
"""The cipher suites of TLS 1.2, in OpenSSL's notation.

SNAP (Standar Teknis dan Keamanan) allows TLS 1.2 only with DHE-RSA or ECDHE-RSA and AES-GCM, and only until
`TLS_1_2_END`. DHE is left out, because a client can make the server compute it at almost no cost to itself.
"""

TLS_1_2_END = "2026-06-30"
"""The last day on which SNAP allows TLS 1.2."""

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_PRIVATE, _BEGIN = b"PRIVATE KEY-----", b"-----BEGIN CERTIFICATE-----"

TlsVersion = Literal["1.2", "1.3"]


@dataclass(frozen=True, slots=True)
class CertificateChain:
    """The certificate of the listener, and after it the certificates of the authorities that clients need."""

    path: Path
    pem: bytes = field(repr=False)
    first: Certificate = field(repr=False, compare=False)
    others: tuple[Certificate, ...] = field(default=(), repr=False, compare=False)

    @property
    def begin(self) -> datetime:
        """From when on the certificate is valid (notBefore), in UTC."""
        return self.first.not_valid_before_utc

    @property
    def end(self) -> datetime:
        """When the certificate expires (notAfter), in UTC."""
        return self.first.not_valid_after_utc

    @property
    def lifetime(self) -> timedelta:
        """The time from notBefore to notAfter."""
        return self.end - self.begin

    @property
    def has_names(self) -> bool:
        """Whether it names hosts or addresses (RFC 9525, section 6.3: clients compare no other names)."""
        try:
            return bool(list(self.first.extensions.get_extension_for_class(SubjectAlternativeName).value))
        except (ExtensionNotFound, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class ServerKey:
    """The private key of the certificate."""

    pem: bytes = field(repr=False)
    key: PrivateKeyTypes = field(repr=False, compare=False)

    @property
    def is_rsa(self) -> bool:
        """Whether cipher suites with RSA can use the key."""
        return isinstance(self.key, RSAPrivateKey)


@dataclass(frozen=True, slots=True)
class Tls:
    """What a listener needs for TLS."""

    chain: CertificateChain
    key: ServerKey
    minimum: TlsVersion

    def context(self) -> ssl.SSLContext:
        """A new TLS context with this pair.

        There is no renegotiation, no compression and no other protocol than HTTP/1.1.

        Raises:
            ssl.SSLError: The key does not belong to the certificate, or OpenSSL refuses one of the two.
        """
        context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.minimum]
        context.set_ciphers(TLS_1_2_SUITES)
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_alpn_protocols(["http/1.1"])
        with _in_memory(self.key.pem + b"\n" + self.chain.pem) as file:
            context.load_cert_chain(file)
        return context


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """A file in memory. OpenSSL reads files only, and the files on disk may have changed since they were checked."""
    with os.fdopen(os.memfd_create("tls"), "wb", buffering=0) as file:
        file.write(content)
        yield f"/proc/self/fd/{file.fileno()}"


def _chain(value: object) -> CertificateChain | None:
    if value is None:
        return None
    path = key_path(value)
    pem = read_bytes(path).removeprefix(BOM_UTF8)  # OpenSSL skips it at the start of a file only, where the key is.
    if _PRIVATE in pem:
        message = f"{path} has a private key; put the key into a file of its own, and name that in tls_key_file"
        raise ValueError(message)
    first, *others = _certificates(path, pem)
    return CertificateChain(path, pem, first, tuple(others))


def _certificates(path: Path, pem: bytes) -> list[Certificate]:
    begun = pem.count(_BEGIN)
    try:
        certificates = load_pem_x509_certificates(pem)
        certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        message = f"{path} has no certificate in PEM; name the file with the certificate and its chain"
        raise ValueError(message) from error
    if len(certificates) < begun:
        message = f"{path} is damaged: {begun} certificates begin, and {len(certificates)} are complete; copy it again"
        raise ValueError(message)
    return certificates


def _key(value: object) -> ServerKey | None:
    if value is None:
        return None
    path = key_path(value)
    pem = read_bytes(path, private=True)
    try:
        return ServerKey(pem, load_pem_private_key(pem, None))
    except TypeError as error:
        message = f"{path} is encrypted; decrypt it with: openssl pkey -in {path} -out NEW"
        raise ValueError(message) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        message = f"{path} has no private key in PEM; name the file with the key of the certificate"
        raise ValueError(message) from error


CertificateFile = Annotated[InstanceOf[CertificateChain] | None, BeforeValidator(_chain), NoDecode]
ServerKeyFile = Annotated[InstanceOf[ServerKey] | None, BeforeValidator(_key), NoDecode, Field(repr=False)]
