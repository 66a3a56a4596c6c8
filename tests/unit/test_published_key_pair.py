"""The published test key, which lies beside the documents."""

import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from handlers.snap.keys import fingerprint, load_public_key
from handlers.snap.private_keys import load_private_key
from tests.document import RAW
from tests.programs import program
from tests.published_key import PRIVATE_FILE as PRIVATE
from tests.published_key import PUBLIC_FILE as PUBLIC


def test_the_pair_is_that_of_the_worked_example() -> None:
    """Both files have the key of the worked example, as PKCS #8 and as SubjectPublicKeyInfo, with 2048 bits."""
    key = load_private_key(PRIVATE.read_bytes()).public_key()
    assert key.key_size == 2048
    assert fingerprint(key) == fingerprint(load_public_key(PUBLIC.read_bytes()))
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert PUBLIC.read_text(encoding="utf-8").endswith(f"\n\n{pem}")
    indented = "".join(f"{line}\n" for line in pem.splitlines())
    assert indented in RAW["info"]["description"]


def test_the_files_say_what_they_are() -> None:
    """Each file begins with a line that calls it a published test key, in ASCII, and libraries skip this line."""
    for file in (PRIVATE, PUBLIC):
        assert file.read_text(encoding="ascii").startswith("A published test key, for tests only.")
    load_pem_private_key(PRIVATE.read_bytes(), None)


@pytest.mark.parametrize(
    "command",
    [
        ("openssl", "pkey", "-in", PRIVATE, "-noout"),
        ("openssl", "pkey", "-pubin", "-in", PUBLIC, "-noout"),
        ("php", "-r", "exit(openssl_pkey_get_private(file_get_contents($argv[1])) ? 0 : 1);", PRIVATE),
        ("php", "-r", "exit(openssl_pkey_get_public(file_get_contents($argv[1])) ? 0 : 1);", PUBLIC),
    ],
    ids=["openssl-private", "openssl-public", "php-private", "php-public"],
)
def test_other_programs_read_the_files(command: tuple[str, ...]) -> None:
    """OpenSSL and PHP skip the text before the key."""
    subprocess.run((program(command[0]), *command[1:]), check=True, timeout=20)
