"""What commands read: secrets and bodies."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.cli.input_files import LONGEST, read_body, read_secret
from handlers.cli.misuse import MisuseError

STANDARD_INPUT = Path("-")


def _typed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text), "ascii", "surrogateescape"))


def test_a_secret_is_read_without_its_line_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and standard input are read alike."""
    (tmp_path / "secret").write_text(" s3cret\n")
    _typed(monkeypatch, b"s3cret\n")
    assert read_secret(tmp_path / "secret") == read_secret(STANDARD_INPUT) == "s3cret"


def test_standard_input_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not more than the longest secret is read."""
    _typed(monkeypatch, b"x" * (LONGEST + 1))
    assert len(read_secret(STANDARD_INPUT)) == LONGEST


def test_a_body_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte of a body is changed, space and line ends included."""
    (tmp_path / "body").write_bytes(b' {"a": 1}\r\n')
    _typed(monkeypatch, ' {"a": "é"}\r\n'.encode())
    assert read_body(tmp_path / "body") == ' {"a": 1}\r\n'
    assert read_body(STANDARD_INPUT) == ' {"a": "é"}\r\n'
    assert read_body(None) == ""


@pytest.mark.parametrize("read", [read_secret, read_body])
def test_standard_input_is_text(monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], str]) -> None:
    """Bytes that are no text are told, whatever the locale."""
    _typed(monkeypatch, b"\xff")
    with pytest.raises(MisuseError, match="standard input cannot be read: it is not text in UTF-8"):
        read(STANDARD_INPUT)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file, and a body that is no text, are told by their path."""
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(MisuseError, match="none cannot be read: No such file or directory"):
        read_secret(tmp_path / "none")
    with pytest.raises(MisuseError, match="bytes cannot be read: it is not text in UTF-8"):
        read_body(tmp_path / "bytes")
