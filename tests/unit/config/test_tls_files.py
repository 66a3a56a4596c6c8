"""The certificate of a listener and its key."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

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
