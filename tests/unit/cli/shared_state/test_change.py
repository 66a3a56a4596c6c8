"""What commands write to the state: it has come about when they say so."""

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


def _is_suspended(held: StateEntries) -> bool:
    return "suspended:A" in held


def _change(url: StateUrl, meanwhile: Callable[[float], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspend a client; `meanwhile` is called, with the seconds, when the command waits."""
    monkeypatch.setattr(change, "sleep", meanwhile)
    change.change(url, lambda state: state.suspend("A", datetime.now(UTC)), _is_suspended, "nothing is changed")


def test_it_holds_everywhere_when_the_command_ends(url: StateUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between writing and reading back there is a second, in which every server has read the state anew."""
    seen: list[tuple[float, bool]] = []
    _change(url, lambda seconds: seen.append((seconds, _is_suspended(change.read(url)))), monkeypatch)
    assert seen == [(1.0, True)]


def test_what_is_replaced_meanwhile_is_told(url: StateUrl, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another file has taken the place of the one that was written, nobody is told that it holds."""

    def replaced(_seconds: float) -> None:
        for each in file.parent.iterdir():
            each.unlink()
        open_file(file).close()

    with pytest.raises(UsageError, match=r"is not in the state store of state.url, which was replaced meanwhile"):
        _change(url, replaced, monkeypatch)


def test_what_cannot_be_read_back_is_told(url: StateUrl, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state goes away after the writing, the message says that it was written."""
    with pytest.raises(UsageError, match=r"the change was written, but it cannot be read back: .* run: chmod 600"):
        _change(url, lambda _seconds: file.chmod(0o644), monkeypatch)


def test_reading_makes_nothing(url: StateUrl, file: Path) -> None:
    """A state that no server has begun holds nothing, and is not begun by who looks."""
    assert change.read(url) == {}
    assert list(file.parent.iterdir()) == []


def test_the_state_is_let_go(url: StateUrl, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left beside the file but the file: the connections are closed."""
    _change(url, lambda _seconds: None, monkeypatch)
    assert [each.name for each in file.parent.iterdir()] == ["state.db"]


def test_a_state_that_hangs_is_told() -> None:
    """An engine that takes a connection and says nothing has not answered within its half second, and that is said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = StateUrl(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with pytest.raises(UsageError, match=r"state.url does not answer: no answer within 0\.5 s$"):
            change.read(url)
