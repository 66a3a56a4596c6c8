"""Secrets and bodies that commands read."""

import io
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import read_body, read_passphrase, read_secret
from handlers.config import regular_files
from handlers.config.regular_files import LARGEST_FILE

STANDARD_INPUT = Path("-")


def _typed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text), "ascii", "surrogateescape"))


def test_a_secret_is_read_without_its_line_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and standard input give the same secret, without the line end."""
    (tmp_path / "secret").write_text(" s3cret\n")
    _typed(monkeypatch, b"s3cret\n")
    assert read_secret(tmp_path / "secret") == read_secret(STANDARD_INPUT) == "s3cret"


@pytest.mark.parametrize("read", [read_secret, read_body])
def test_standard_input_has_a_limit(monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], str]) -> None:
    """1 MiB of standard input is read. More is an error."""
    _typed(monkeypatch, b"x" * LARGEST_FILE)
    assert len(read(STANDARD_INPUT)) == LARGEST_FILE
    _typed(monkeypatch, b"x" * (LARGEST_FILE + 1))
    with pytest.raises(UsageError, match="standard input cannot be read: it is larger than 1048576 bytes"):
        read(STANDARD_INPUT)


def test_a_body_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte of a body is changed, including space and line ends."""
    (tmp_path / "body").write_bytes(b' {"a": 1}\r\n')
    _typed(monkeypatch, ' {"a": "é"}\r\n'.encode())
    assert read_body(tmp_path / "body") == ' {"a": 1}\r\n'
    assert read_body(STANDARD_INPUT) == ' {"a": "é"}\r\n'
    assert read_body(None) == ""


@pytest.mark.parametrize("read", [read_secret, read_body])
def test_standard_input_must_be_utf_8(monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], str]) -> None:
    """Bytes that are not UTF-8 are an error in every locale."""
    _typed(monkeypatch, b"\xff")
    with pytest.raises(UsageError, match="standard input cannot be read: it is not text in UTF-8"):
        read(STANDARD_INPUT)


def test_a_byte_order_mark_is_no_part_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark that programs of Windows write before UTF-8 is removed from secrets and passphrases."""
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfs3cret\n")
    (tmp_path / "secret").chmod(0o600)
    _typed(monkeypatch, b"\xef\xbb\xbfs3cret\n")
    assert read_secret(STANDARD_INPUT) == read_secret(tmp_path / "secret") == "s3cret"
    assert read_passphrase(tmp_path / "secret") == b"s3cret"


@pytest.mark.parametrize("read", [read_secret, read_body, read_passphrase])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_named(tmp_path: Path, read: Callable[[Path], object], encoding: str) -> None:
    """Text that PowerShell wrote in UTF-16 is refused by its name, with the command that converts it."""
    file = tmp_path / "secret"
    file.write_bytes("s3cret\r\n".encode(encoding))
    file.chmod(0o600)
    with pytest.raises(UsageError, match=r"secret cannot be read: it is text in UTF-16.*iconv -f UTF-16.* > \S+\.txt"):
        read(file)


def test_unreadable_files_are_an_error(tmp_path: Path) -> None:
    """A missing file, and a body that is not UTF-8, are errors that name the file."""
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="none cannot be read: No such file or directory"):
        read_secret(tmp_path / "none")
    with pytest.raises(UsageError, match="bytes cannot be read: it is not text in UTF-8"):
        read_body(tmp_path / "bytes")


def test_a_pipe_in_place_of_a_file_is_read(tmp_path: Path) -> None:
    """A pipe of the shell, such as `<(command)`, is read to its end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(b" s3cret\n",))
    writer.start()
    assert read_secret(pipe) == "s3cret"
    writer.join()


def test_a_device_that_never_ends_is_refused() -> None:
    """A device that never ends is an error after as many bytes as a file may have."""
    with pytest.raises(UsageError, match="/dev/zero cannot be read: it is larger than 1048576 bytes"):
        read_body(Path("/dev/zero"))


def test_a_socket_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket cannot be opened as a pipe, and one line says so."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(UsageError, match="socket cannot be read: No such device or address"):
            read_secret(Path("socket"))


def test_a_file_system_that_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file system does not answer in time, the command ends with an error."""
    monkeypatch.setattr(regular_files, "READ_SECONDS", 0.0)
    monkeypatch.setattr(regular_files, "_read", lambda _path: Event().wait(0.1))
    with pytest.raises(UsageError, match="file cannot be read: its file system did not answer"):
        read_secret(tmp_path / "file")
