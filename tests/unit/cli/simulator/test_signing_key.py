"""The private key that signs, and its passphrase."""

import io
import json
import warnings
from collections.abc import Callable
from getpass import GetPassWarning
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from handlers.cli.errors import UsageError
from handlers.cli.simulator import signing_key
from handlers.cli.simulator.signing_key import read_signing_key
from tests.nicepay import Nicepay

PASSPHRASE = "correct horse"
STANDARD_INPUT = Path("-")


@pytest.fixture
def encrypted(tmp_path: Path, nicepay: Nicepay) -> Path:
    """A file with an encrypted private key."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode()))
    (tmp_path / "key").write_bytes(nicepay.private_key.private_bytes(*form))
    return tmp_path / "key"


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    """A file with the passphrase."""
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    (tmp_path / "passphrase").chmod(0o600)
    return tmp_path / "passphrase"


def _typed(monkeypatch: pytest.MonkeyPatch, text: bytes, *, terminal: bool = False) -> None:
    stream = io.TextIOWrapper(io.BytesIO(text))
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr("sys.stdin", stream)


def _mistakes(file: Path, passphrase_file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(UsageError) as refusal:
        read_signing_key(file, passphrase_file)
    return refusal.value.mistakes


def test_a_private_key_can_come_from_standard_input(nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private key can be read from standard input, also in DER."""
    _typed(monkeypatch, nicepay.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    assert read_signing_key(STANDARD_INPUT).private_numbers() == nicepay.private_key.private_numbers()


def test_a_private_key_is_read(tmp_path: Path, nicepay: Nicepay) -> None:
    """The private key is read from a file."""
    (tmp_path / "key").write_text(nicepay.private_pem)
    assert read_signing_key(tmp_path / "key").private_numbers() == nicepay.private_key.private_numbers()


def test_a_passphrase_is_read_from_its_file(encrypted: Path, passphrase_file: Path, nicepay: Nicepay) -> None:
    """The passphrase is the only line of its file, without the line end."""
    key = read_signing_key(encrypted, passphrase_file)
    assert key.private_numbers() == nicepay.private_key.private_numbers()


def test_a_passphrase_is_read_from_standard_input(
    encrypted: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The passphrase can be read from standard input."""
    _typed(monkeypatch, f"{PASSPHRASE}\r\n".encode())
    assert read_signing_key(encrypted, STANDARD_INPUT).private_numbers() == nicepay.private_key.private_numbers()


def test_standard_input_serves_only_one_file() -> None:
    """The key and the passphrase cannot both come from standard input."""
    reported = "more than one option is -; standard input can serve only one of them"
    assert _mistakes(STANDARD_INPUT, STANDARD_INPUT) == (reported,)


@pytest.mark.parametrize("content", ["", "\n", "two\nlines\n"])
def test_a_passphrase_is_one_line(encrypted: Path, passphrase_file: Path, content: str) -> None:
    """An empty file and a second line are mistakes."""
    passphrase_file.write_text(content)
    assert _mistakes(encrypted, passphrase_file) == (f"{passphrase_file} must contain the passphrase, on one line",)


def test_a_passphrase_that_others_can_read_is_refused(encrypted: Path, passphrase_file: Path) -> None:
    """The file of the passphrase is a secret file like all others."""
    passphrase_file.chmod(0o644)
    reported = f"other users can access {passphrase_file}; run: chmod 600 {passphrase_file}"
    assert _mistakes(encrypted, passphrase_file) == (reported,)


def test_a_wrong_passphrase_is_an_error(encrypted: Path, passphrase_file: Path) -> None:
    """The error names the key file and repeats nothing of the passphrase."""
    passphrase_file.write_text("RECOGNISEME")
    assert _mistakes(encrypted, passphrase_file) == (f"{encrypted}: the passphrase does not decrypt it",)


def test_a_passphrase_is_asked_for_on_a_terminal(
    encrypted: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the command asks for the passphrase, and names the key file."""
    _typed(monkeypatch, b"", terminal=True)
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return PASSPHRASE

    monkeypatch.setattr(signing_key, "getpass", answer)
    assert read_signing_key(encrypted).private_numbers() == nicepay.private_key.private_numbers()
    assert prompts == [f"Passphrase of {encrypted}: "]


def test_without_a_terminal_nobody_is_asked(encrypted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If standard input is no terminal, the error names the option."""
    _typed(monkeypatch, b"")
    advice = "add --passphrase-file, or run this in a terminal, to type the passphrase"
    assert _mistakes(encrypted) == (f"{encrypted}: it is encrypted; {advice}",)


def _ends(_prompt: str) -> str:
    raise EOFError


def _shows_it(_prompt: str) -> str:
    warnings.warn("Can not control echo", GetPassWarning, stacklevel=1)
    return PASSPHRASE


@pytest.mark.parametrize("answer", [_ends, _shows_it])
def test_no_passphrase_is_typed_in_the_open(
    encrypted: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], str]
) -> None:
    """A terminal that ends, or that would show the passphrase, is an error."""
    _typed(monkeypatch, b"", terminal=True)
    monkeypatch.setattr(signing_key, "getpass", answer)
    reported = "no passphrase was typed on a terminal that can hide it; add --passphrase-file"
    assert _mistakes(encrypted) == (f"{encrypted}: {reported}",)


def test_a_file_without_a_private_key_is_an_error(tmp_path: Path, nicepay: Nicepay) -> None:
    """The error names the file, the cause and the command with the file, and does not repeat the content."""
    file = tmp_path / "key"
    file.write_text(nicepay.public_pem)
    assert _mistakes(file) == (f"{file}: it is a public key or a certificate; give the private key",)
    file.write_text(json.dumps(nicepay.private_pem))
    command = f"""(umask 077; jq -r 'first(.. | strings | select(test("BEGIN |^MI")))' {file} > {file}.pem)"""
    assert _mistakes(file) == (f"{file}: it is JSON with a key in it; convert it, and use the new file: {command}",)


def test_an_error_does_not_name_standard_input_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a command for standard input, the file has the name FILE."""
    _typed(monkeypatch, b"\x1f\x8b")
    command = "(umask 077; gunzip < FILE > FILE.pem)"
    assert _mistakes(STANDARD_INPUT) == (f"it is a gzip file; convert it, and use the new file: {command}",)


def test_private_keys_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    """A missing file and a folder are errors with their path."""
    for path, reason in ((tmp_path / "nothing", "No such file or directory"), (tmp_path, "Is a directory")):
        assert _mistakes(path) == (f"{path} cannot be read: {reason}",)
