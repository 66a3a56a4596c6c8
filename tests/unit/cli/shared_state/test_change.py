"""Changes of the state store by a command: when the command ends, every server has the change."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.shared_state import change
from handlers.cli.shared_state.change import StateEntries
from handlers.state.opening import StateUrl
from handlers.state.sqlite.file import open_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def url(file: Path) -> StateUrl:
    return StateUrl(f"sqlite:///{file}")


def _is_suspended(entries: StateEntries) -> bool:
    return "suspended:A" in entries


def _change(url: StateUrl, meanwhile: Callable[[float], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspend a client. While the command waits, `meanwhile` is called with the number of seconds."""
    monkeypatch.setattr(change, "sleep", meanwhile)
    change.change(url, lambda state: state.suspend("A", datetime.now(UTC)), _is_suspended, "nothing is changed")


def test_every_server_has_the_change_when_the_command_ends(url: StateUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command waits one second between the write and the check, so that every server reads the change."""
    seen: list[tuple[float, bool]] = []
    _change(url, lambda seconds: seen.append((seconds, _is_suspended(change.read(url)))), monkeypatch)
    assert seen == [(1.0, True)]


def test_a_state_file_that_is_replaced_meanwhile_is_an_error(
    url: StateUrl, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another file replaces the state file meanwhile, the command does not report success."""

    def replaced(_seconds: float) -> None:
        for each in file.parent.iterdir():
            each.unlink()
        open_file(file).close()

    with pytest.raises(UsageError, match=r"is not in the state store of state.url, which was replaced meanwhile"):
        _change(url, replaced, monkeypatch)


def test_a_change_that_cannot_be_read_back_is_an_error(
    url: StateUrl, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the state store fails after the write, the message says that the change was written."""
    with pytest.raises(UsageError, match=r"the change was written, but it cannot be read back: .* run: chmod 600"):
        _change(url, lambda _seconds: file.chmod(0o644), monkeypatch)


def test_reading_creates_no_file(url: StateUrl, file: Path) -> None:
    """A state file that does not exist has no entries, and reading does not create it."""
    assert change.read(url) == {}
    assert list(file.parent.iterdir()) == []


def test_the_connections_are_closed(url: StateUrl, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections are closed, so that only the state file itself remains."""
    _change(url, lambda _seconds: None, monkeypatch)
    assert [each.name for each in file.parent.iterdir()] == ["state.db"]


def test_a_state_store_that_hangs_is_an_error() -> None:
    """A state store that accepts a connection and sends nothing is an error after half a second."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = StateUrl(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with pytest.raises(UsageError, match=r"state.url does not answer: no answer within 0\.5 s$"):
            change.read(url)
