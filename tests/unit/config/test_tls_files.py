"""The certificate of a listener and its key."""

import ssl
from codecs import BOM_UTF8
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256K1,
    BrainpoolP256R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509 import load_pem_x509_certificates

from handlers.config.listener import Listener
from handlers.config.tls_files import TLS_1_2_SUITES
from tests.nicepay import new_key
from tests.settings_text import loaded, mistakes_in
from tests.tls_pair import (
    CERTIFICATE_FILE,
    KEY_FILE,
    TLS,
    ec_key,
    rsa_key,
    self_signed,
    write_certificate,
    write_key,
    write_pair,
)

CLIENT = '\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'


def _server(file: Path, more: str = "") -> Listener:
    return loaded(file, f"[server]\n{TLS}{more}{CLIENT}").server


def _mistake(file: Path) -> str:
    (found,) = mistakes_in(file, f"[server]\n{TLS}{CLIENT}")
    return found


@pytest.fixture
def folder(settings_file: Path) -> Path:
    """The folder of the settings, with a certificate and its key."""
    write_pair(settings_file.parent)
    return settings_file.parent


def test_the_context_has_no_old_features(settings_file: Path, folder: Path) -> None:
    """TLS 1.3 alone, or TLS 1.2 with SNAP's suites only. No compression and no renegotiation."""
    assert (folder / KEY_FILE).exists()
    (strict, lenient) = (_server(settings_file, more).tls for more in ("", 'tls_minimum = "1.2"'))
    assert strict
    assert lenient
    context = lenient.context()
    assert strict.context().minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    old = {each["name"] for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"}
    assert old == set(TLS_1_2_SUITES.split(":"))
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_a_certificate_tells_its_end_and_its_names(settings_file: Path, folder: Path) -> None:
    """The end and the lifetime are those of the first certificate in the file."""
    certificate = self_signed(rsa_key(), lifetime=timedelta(days=7), has_names=False)
    write_certificate(folder / CERTIFICATE_FILE, certificate)
    chain = _server(settings_file).tls_certificate_file
    assert chain
    assert (chain.end, chain.lifetime, chain.has_names) == (certificate.not_valid_after_utc, timedelta(days=7), False)
    write_pair(folder)
    chain = _server(settings_file).tls_certificate_file
    assert chain
    assert chain.has_names


def test_a_key_of_another_certificate_is_a_mistake(settings_file: Path, folder: Path) -> None:
    """The message names the certificate."""
    write_key(folder / KEY_FILE, ec_key())
    assert _mistake(settings_file) == (
        f"server.tls_key_file: the key does not belong to the certificate in {folder / CERTIFICATE_FILE}; "
        "name the two files of one certificate"
    )


def test_a_key_that_others_can_read_is_a_mistake(settings_file: Path, folder: Path) -> None:
    """Like every secret file, the key is for its owner only."""
    (folder / KEY_FILE).chmod(0o644)
    assert _mistake(settings_file).startswith(f"server.tls_key_file: other users can access {folder / KEY_FILE}; run")


def test_a_pair_that_openssl_refuses_is_a_mistake(settings_file: Path, folder: Path) -> None:
    """A key of 1024 bits is too short for TLS."""
    key = new_key(1024)
    write_pair(folder, key)
    assert _mistake(settings_file) == (
        f"server.tls_key_file: OpenSSL refuses the certificate in {folder / CERTIFICATE_FILE} or its key: "
        "EE_KEY_TOO_SMALL; make a new pair"
    )


@pytest.mark.parametrize("curve", [SECP256K1(), BrainpoolP256R1()])
def test_a_key_that_tls_1_3_cannot_use_is_a_mistake(settings_file: Path, folder: Path, curve: EllipticCurve) -> None:
    """OpenSSL takes the pair, but every handshake would fail (RFC 8446, section 4.2.3)."""
    write_pair(folder, generate_private_key(curve))
    assert _mistake(settings_file) == (
        "server.tls_key_file: TLS 1.3 has no signature for this kind of key, so no client can connect; "
        "make a new pair with an RSA key, or with an EC key on the curve P-256"
    )


def _write_chain(folder: Path, *keys: RSAPrivateKey | EllipticCurvePrivateKey) -> bytes:
    """Write certificates of these keys into one file, in this order. Returns the content."""
    pem = b"".join(self_signed(key).public_bytes(Encoding.PEM) for key in keys)
    (folder / CERTIFICATE_FILE).write_bytes(pem)
    return pem


def test_a_chain_in_the_wrong_order_is_a_mistake(settings_file: Path, folder: Path) -> None:
    """The certificate of the key must be the first one. The message says that it is there."""
    _write_chain(folder, ec_key(), rsa_key())
    assert _mistake(settings_file) == (
        f"server.tls_key_file: the certificate of the key is not the first one in {folder / CERTIFICATE_FILE}; "
        "put it first, then its issuer"
    )


def test_a_chain_that_is_cut_off_is_a_mistake(settings_file: Path, folder: Path) -> None:
    """Its first certificate is whole. Clients would miss the second one."""
    pem = _write_chain(folder, rsa_key(), ec_key())
    (folder / CERTIFICATE_FILE).write_bytes(pem[:-100])
    found = mistakes_in(settings_file, f"[server]\n{TLS}{CLIENT}")
    assert found[0].startswith(f"server.tls_certificate_file: {folder / CERTIFICATE_FILE} is damaged: 2 certificates")


def test_an_authority_with_an_unknown_key_is_not_the_key_s(settings_file: Path, folder: Path) -> None:
    """A certificate of the chain whose key cannot be read does not fit the key. The rest is as usual."""
    pem = _write_chain(folder, ec_key(), ec_key())
    begin, unknown = b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x02\x09"  # id-ecPublicKey, and none
    first, second = (each.public_bytes(Encoding.DER) for each in load_pem_x509_certificates(pem))
    ders = (first, second.replace(begin, unknown))
    (folder / CERTIFICATE_FILE).write_text("".join(map(ssl.DER_cert_to_PEM_cert, ders)))
    assert "the key does not belong to the certificate" in _mistake(settings_file)


def test_marks_of_editors_do_no_harm(settings_file: Path, folder: Path) -> None:
    """A byte-order mark, CRLF and text before a certificate are no part of it. The context is the same."""
    for name in (CERTIFICATE_FILE, KEY_FILE):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(BOM_UTF8 + b"Bag Attributes\r\n" + content.replace(b"\n", b"\r\n"))
    assert _server(settings_file).tls


def test_an_encrypted_key_is_a_mistake(settings_file: Path, folder: Path) -> None:
    """A server that starts by itself knows no passphrase. The message has the command that removes it."""
    pem = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (folder / KEY_FILE).write_bytes(pem)
    assert _mistake(settings_file).startswith(
        f"server.tls_key_file: {folder / KEY_FILE} is encrypted; decrypt it with:"
    )


@pytest.mark.parametrize(
    ("name", "content", "mistake"),
    [
        (CERTIFICATE_FILE, b"no PEM", "server.tls_certificate_file: {} has no certificate in PEM; name the file with"),
        (CERTIFICATE_FILE, None, "server.tls_certificate_file: {} has a private key; put the key into a file of its"),
        (KEY_FILE, b"no PEM", "server.tls_key_file: {} has no private key in PEM; name the file with the key of the"),
    ],
)
def test_a_file_of_another_kind_is_a_mistake(
    settings_file: Path, folder: Path, name: str, content: bytes | None, mistake: str
) -> None:
    """The message says what the file should have."""
    (folder / name).write_bytes((folder / KEY_FILE).read_bytes() if content is None else content)
    found = [each for each in mistakes_in(settings_file, f"[server]\n{TLS}{CLIENT}") if name in each]
    assert found[0].startswith(mistake.format(folder / name))
