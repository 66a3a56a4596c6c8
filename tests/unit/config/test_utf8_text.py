"""Text in UTF-8, and the name of each other encoding."""

import subprocess
from pathlib import Path

import pytest

from handlers.config.utf8_text import utf8_text
from tests.programs import program

TEXT = "0123456789abcdef\n"


@pytest.mark.parametrize("text", ["", TEXT, "\ufeffé\n", "a\0b", "\0\0\0\0"])
def test_utf_8_is_not_changed(text: str) -> None:
    """Every text in UTF-8 is returned with its byte-order mark, and with zero bytes that are not those of UTF-16."""
    assert utf8_text(text.encode(), None) == text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (f"\ufeff{TEXT}".encode("utf-16-le"), "UTF-16"),
        (f"\ufeff{TEXT}".encode("utf-16-be"), "UTF-16"),
        (f"\ufeff{TEXT}".encode("utf-32-le"), "UTF-32"),
        (f"\ufeff{TEXT}".encode("utf-32-be"), "UTF-32"),
        (TEXT.encode("utf-16-le"), "UTF-16LE"),
        (TEXT.encode("utf-16-be"), "UTF-16BE"),
    ],
)
def test_the_command_converts_other_encodings(tmp_path: Path, content: bytes, name: str) -> None:
    """The message names the encoding. Its command writes a new file in UTF-8 that only its owner can read."""
    file = tmp_path / "a secret"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"a secret cannot be read: it is text in {name}; ") as error:
        utf8_text(file.read_bytes(), file)
    subprocess.run([program("bash"), "-c", str(error.value).partition("new file: ")[2]], check=True)
    new = tmp_path / "a secret.txt"
    assert (utf8_text(new.read_bytes(), new), new.stat().st_mode & 0o077) == (TEXT, 0)


@pytest.mark.parametrize("content", [b"\xe9", b"0123456789abcde\xff"])
def test_other_bytes_are_no_text(content: bytes) -> None:
    """Bytes of no known encoding are refused. The message quotes nothing of them."""
    with pytest.raises(ValueError, match="it is not text in UTF-8; save it as UTF-8") as error:
        utf8_text(content, None)
    assert str(error.value) == "standard input cannot be read: it is not text in UTF-8; save it as UTF-8"
