"""Pipes in place of files."""

import os
from pathlib import Path
from threading import Thread

import pytest

from handlers.cli.files import pipes
from handlers.cli.files.pipes import is_pipe, read_pipe


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_other_paths_are_not_pipes(tmp_path: Path, pipe: Path) -> None:
    """A regular file, a folder, a missing file and an invalid path are not pipes."""
    (tmp_path / "file").touch()
    paths = (pipe, tmp_path / "file", tmp_path, tmp_path / "none", Path("no\0path"))
    assert [is_pipe(path) for path in paths] == [True, False, False, False, False]


def test_a_pipe_is_read_until_it_is_closed() -> None:
    """Everything that the command of `<(command)` writes is read, whether the command has ended or not."""
    reader, writer = os.pipe()
    thread = Thread(target=_write, args=(writer, b"one ", b"two"))
    thread.start()
    assert read_pipe(Path(f"/dev/fd/{reader}")) == b"one two"
    thread.join()
    assert read_pipe(Path(f"/dev/fd/{reader}")) == b""
    os.close(reader)


def test_late_parts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that writes its next part only after the previous one was read is read to its end."""
    reader, writer = os.pipe()
    parts, wait = [b"one ", b"two"], pipes._wait  # noqa: SLF001  what is waited for is written then

    def written(descriptor: int, deadline: float, path: Path) -> None:
        if parts:
            os.write(writer, parts.pop(0))
        else:
            os.close(writer)
        wait(descriptor, deadline, path)

    monkeypatch.setattr(pipes, "_wait", written)
    assert read_pipe(Path(f"/dev/fd/{reader}")) == b"one two"
    os.close(reader)


def test_a_named_pipe_is_read_until_it_is_closed(pipe: Path) -> None:
    """Text of a writer that has closed the pipe already is read."""
    reader, writer = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), os.open(pipe, os.O_WRONLY)
    _write(writer, b"one ", b"two")
    assert read_pipe(pipe) == b"one two"
    os.close(reader)


def _write(descriptor: int, *parts: bytes) -> None:
    for part in parts:
        os.write(descriptor, part)
    os.close(descriptor)


def test_a_pipe_has_a_time_limit(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody opens for writing, and a pipe that nobody closes, are errors after the time limit."""
    monkeypatch.setattr(pipes, "PIPE_SECONDS", 0.0)
    expected = "pipe cannot be read: its writer has not closed this pipe within 0 seconds"
    with pytest.raises(ValueError, match=expected):
        read_pipe(pipe)
    with pipe.open("r+b", buffering=0) as writer:
        writer.write(b"not all of it")
        with pytest.raises(ValueError, match=expected):
            read_pipe(pipe)
