"""Reading paths that can lead to anything."""

import errno
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from handlers.config import regular_files
from handlers.config.regular_files import (
    LARGEST_FILE,
    MAX_HANGING,
    THREAD_NAME,
    UNKNOWN,
    call_with_timeout,
    read_regular_file,
)

PATIENCE = 60.0
NOBODY = 65534
NO_FILE = "it is a pipe, a device or a socket; use a regular file"


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    """The content and the mode of a file are read, also behind a link."""
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    found = read_regular_file(tmp_path / "link")
    assert found.access
    assert (found.content, found.access.mode & 0o777, found.error) == (b"text", 0o640, None)


@pytest.mark.parametrize(
    ("make", "trouble"),
    [
        pytest.param(os.mkfifo, NO_FILE, id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), NO_FILE, id="a device"),
        pytest.param(lambda path: path.mkdir(), "Is a directory", id="a folder"),
        pytest.param(lambda path: path.symlink_to(path), "Too many levels of symbolic links", id="a loop"),
        pytest.param(lambda _path: None, "No such file or directory", id="nothing"),
    ],
)
def test_an_unreadable_path_has_a_reason(tmp_path: Path, make: Callable[[Path], object], trouble: str) -> None:
    """A path that is not a readable file gives the reason at once. It is not read again until it changes."""
    make(tmp_path / "file")
    found = read_regular_file(tmp_path / "file")
    assert (found.error, found.content) == (trouble, b"")
    assert found.stamp.status != UNKNOWN


def test_a_file_of_another_user_has_a_reason(tmp_path: Path) -> None:
    """A file that this user may not read gives the reason at once."""
    (tmp_path / "file").touch(0)
    with _not_root():
        assert read_regular_file(tmp_path / "file").error == "Permission denied"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is refused like a pipe."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("file")
        assert read_regular_file(Path("file")).error == NO_FILE


def test_a_pipe_that_replaces_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The type is checked again after opening, because another file can replace the path between the two steps."""
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "open", lambda _path, flags, real=os.open: real(tmp_path / "pipe", flags))
    assert read_regular_file(tmp_path / "file").error == NO_FILE


def test_an_invalid_path_has_a_reason() -> None:
    """A text that cannot be a path gives a reason and raises no error."""
    assert read_regular_file(Path("no\0path")).error == "it is not a valid path"


@pytest.mark.parametrize("size", [LARGEST_FILE, LARGEST_FILE + 1])
def test_a_file_has_a_limit(tmp_path: Path, size: int) -> None:
    """A file of 1 MiB is read, and a file with one byte more is refused."""
    with (tmp_path / "file").open("wb") as file:
        file.truncate(size)
    found = read_regular_file(tmp_path / "file")
    reported = (len(found.content), found.error)
    assert reported == ((size, None) if size == LARGEST_FILE else (0, "it is larger than 1048576 bytes"))


def test_a_temporary_error_is_read_again() -> None:
    """After an error that the file did not cause, such as no free file descriptor, the file is read again."""
    os.close(lowest_free := os.dup(0))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    found = read_regular_file(Path(__file__))
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (found.error, found.stamp.status) == (os.strerror(errno.EMFILE), UNKNOWN)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A file system that answers after this event is set, with a time limit of 0 seconds."""
    answers = Event()
    monkeypatch.setattr(regular_files, "READ_SECONDS", 0.0)
    monkeypatch.setattr(regular_files, "_read", lambda _path: answers.wait())
    yield answers
    answers.set()
    _ended()


def _ended() -> None:
    """Wait until no reading thread runs."""
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join()


def test_a_hanging_file_system_times_out(tmp_path: Path, answers: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file. The same file is not read again until the file system answers."""
    expected = "file cannot be read: its file system did not answer within 0 seconds"
    before = threading.active_count()
    for _ in range(2):
        with pytest.raises(TimeoutError, match=expected):
            read_regular_file(tmp_path / "file")
    assert threading.active_count() == before + 1
    answers.set()
    _ended()
    monkeypatch.setattr(regular_files, "READ_SECONDS", PATIENCE)
    assert read_regular_file(tmp_path / "file")


@pytest.mark.usefixtures("answers")
def test_the_number_of_hanging_reads_is_limited(tmp_path: Path) -> None:
    """Not every hanging file costs a thread, because the number of hanging readings is limited."""
    before = threading.active_count()
    for number in range(MAX_HANGING + 1):
        with pytest.raises(TimeoutError):
            read_regular_file(tmp_path / str(number))
    assert threading.active_count() == before + MAX_HANGING


def test_an_error_in_the_thread_is_raised() -> None:
    """An error in the thread is raised in the caller."""
    with pytest.raises(ZeroDivisionError):
        call_with_timeout("a name", lambda: 1 / 0)


@contextmanager
def _not_root() -> Iterator[None]:
    """Run the block as a user other than root, because root can read everything."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
