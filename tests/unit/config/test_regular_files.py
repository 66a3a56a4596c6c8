"""Looking at files that may be anything."""

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
    """Bytes and mode of a file are found, behind links too."""
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    found = read_regular_file(tmp_path / "link")
    assert (found.content, found.mode & 0o777, found.error) == (b"text", 0o640, None)


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
def test_what_cannot_be_read_is_told(tmp_path: Path, make: Callable[[Path], object], trouble: str) -> None:
    """What is no file that can be read is told at once; until it is changed, it stays so."""
    make(tmp_path / "file")
    found = read_regular_file(tmp_path / "file")
    assert (found.error, found.content) == (trouble, b"")
    assert found.stamp.status != UNKNOWN


def test_a_file_of_another_user_is_told(tmp_path: Path) -> None:
    """What this user may not read is told at once."""
    (tmp_path / "file").touch(0)
    with _not_root():
        assert read_regular_file(tmp_path / "file").error == "Permission denied"


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is told like a pipe."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("file")
        assert read_regular_file(Path("file")).error == NO_FILE


def test_a_pipe_that_takes_a_file_s_place_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened is looked at once more: it may be another than the one that was looked at before."""
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "open", lambda _path, flags, real=os.open: real(tmp_path / "pipe", flags))
    assert read_regular_file(tmp_path / "file").error == NO_FILE


def test_what_is_no_path_is_told() -> None:
    """A text that cannot be a path is no error of ours."""
    assert read_regular_file(Path("no\0path")).error == "it is not a valid path"


@pytest.mark.parametrize("size", [LARGEST_FILE, LARGEST_FILE + 1])
def test_a_file_has_a_limit(tmp_path: Path, size: int) -> None:
    """1 MiB is read whole, and a byte more is not read at all."""
    with (tmp_path / "file").open("wb") as file:
        file.truncate(size)
    found = read_regular_file(tmp_path / "file")
    told = (len(found.content), found.error)
    assert told == ((size, None) if size == LARGEST_FILE else (0, "it is larger than 1048576 bytes"))


def test_what_may_pass_is_to_be_read_again() -> None:
    """Trouble that has nothing to do with the file, no descriptor left say, does not stay until the file changes."""
    os.close(lowest_free := os.dup(0))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    found = read_regular_file(Path(__file__))
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (found.error, found.stamp.status) == (os.strerror(errno.EMFILE), UNKNOWN)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A file system that answers once this is set, and looks that wait no time for it."""
    answers = Event()
    monkeypatch.setattr(regular_files, "READ_SECONDS", 0.0)
    monkeypatch.setattr(regular_files, "_read", lambda _path: answers.wait())
    yield answers
    answers.set()
    _ended()


def _ended() -> None:
    """Wait until no look is under way."""
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join()


def test_an_answer_that_does_not_come_is_not_waited_for(
    tmp_path: Path, answers: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that hangs is told, with the file; it is not asked again before it has answered."""
    wanted = "file cannot be read: its file system did not answer within 0 seconds"
    before = threading.active_count()
    for _ in range(2):
        with pytest.raises(TimeoutError, match=wanted):
            read_regular_file(tmp_path / "file")
    assert threading.active_count() == before + 1
    answers.set()
    _ended()
    monkeypatch.setattr(regular_files, "READ_SECONDS", PATIENCE)
    assert read_regular_file(tmp_path / "file")


@pytest.mark.usefixtures("answers")
def test_so_many_may_hang_and_no_more(tmp_path: Path) -> None:
    """Where many files give no answer, not each of them costs a thread."""
    before = threading.active_count()
    for number in range(MAX_HANGING + 1):
        with pytest.raises(TimeoutError):
            read_regular_file(tmp_path / str(number))
    assert threading.active_count() == before + MAX_HANGING


def test_a_look_s_own_error_is_its_outcome() -> None:
    """What goes wrong in the thread is raised where it was asked for."""
    with pytest.raises(ZeroDivisionError):
        call_with_timeout("a name", lambda: 1 / 0)


@contextmanager
def _not_root() -> Iterator[None]:
    """Root may read everything; within it this process is another user."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
