"""Keys as integrators have them, read by real processes: an encrypted private key, and files of another kind."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from tests.e2e.process import COMMAND, PATIENCE, environment, run
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.programs import program

PASSPHRASE = "correct horse"
URL = "http://127.0.0.1:1/"
ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


@pytest.fixture
def encrypted(tmp_path: Path, nicepay: Nicepay) -> Path:
    """A file with an encrypted private key."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode()))
    (tmp_path / "private.pem").write_bytes(nicepay.private_key.private_bytes(*form))
    return tmp_path / "private.pem"


def _curl(private_key: Path) -> tuple[str | Path, ...]:
    return COMMAND, "curl", "--url", URL, "--client-key", "A", "--private-key", private_key


def test_the_passphrase_is_typed_on_a_terminal(encrypted: Path) -> None:
    """The command asks on the terminal, does not show what is typed, and signs."""
    command = [sys.executable, "-c", ON_A_TERMINAL, *_curl(encrypted)]
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin
        assert process.stdout
        shown = b""
        while not shown.endswith(b": "):
            shown += process.stdout.read(1)
        out, _ = process.communicate(f"{PASSPHRASE}\n".encode(), PATIENCE)
    assert process.returncode == 0
    assert shown.decode() == f"Passphrase of {encrypted}: "
    assert b"X-SIGNATURE" in out
    assert PASSPHRASE.encode() not in out


def test_the_passphrase_is_read_from_a_file(encrypted: Path, tmp_path: Path) -> None:
    """With --passphrase-file nobody is asked. Without it and without a terminal, the status is 2."""
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    file.chmod(0o600)
    signed = run(*_curl(encrypted), "--passphrase-file", file)
    assert (signed.returncode, "X-SIGNATURE" in signed.stdout) == (0, True)
    refused = run(*_curl(encrypted))
    advice = "add --passphrase-file, or run this in a terminal, to type the passphrase"
    assert (refused.returncode, refused.stderr) == (2, f"snap-token: {encrypted}: it is encrypted; {advice}\n")


def test_the_command_in_a_message_makes_the_key(tmp_path: Path, nicepay: Nicepay) -> None:
    """A refused key file is good after the command in the message has converted it."""
    program("openssl")
    settings = write_settings(tmp_path, nicepay)
    (tmp_path / "private.pem").write_text(nicepay.private_pem)
    make = "openssl req -new -x509 -key private.pem -subj /CN=A | openssl crl2pkcs7 -nocrl -certfile /dev/stdin"
    (tmp_path / "IONPAYTEST.pem").write_text(run("sh", "-c", make, cwd=tmp_path).stdout)
    refused = run(COMMAND, "serve", "--check", "--config", settings)
    message, _, command = refused.stderr.partition("convert it, and use the new file: ")
    expected = (
        f"snap-token: {settings}: clients[0].public_keys[0]: {tmp_path / 'IONPAYTEST.pem'}: it is a PKCS #7 file; "
    )
    assert (refused.returncode, message) == (2, expected)
    assert run("sh", "-c", command).returncode == 0
    settings.write_text(settings.read_text().replace("IONPAYTEST.pem", "IONPAYTEST.pem.pem"))
    assert run(COMMAND, "serve", "--check", "--config", settings).returncode == 0
