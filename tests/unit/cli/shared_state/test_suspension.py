"""Suspend and resume clients in the state store and in the settings file."""

from pathlib import Path

import pytest
import time_machine

from handlers.cli import main
from handlers.cli.errors import UsageError
from handlers.cli.files.atomic_write import locked
from handlers.cli.shared_state import change
from handlers.cli.shared_state import suspension as cli_suspension
from handlers.config.settings import Settings
from tests.engines import asynchronous, opened
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay
from tests.users import SERVER_GROUP, SERVER_USER, acting_as, give_all, open_folder, owner

SUSPENDED = "suspended:IONPAYTEST"
ELSEWHERE = "an instance with its own settings file may still refuse it: set suspended = false there, too"
UNWRITABLE = "it cannot be written: Operation not permitted"
UNREACHABLE = "redis://:RECOGNISEME@127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server runs, so the command does not wait."""
    monkeypatch.setattr(change, "PROPAGATION_SECONDS", 0)


@pytest.fixture
def shared(tmp_path: Path, nicepay: Nicepay) -> Path:
    """Settings with a state store that other processes share."""
    return write_settings(tmp_path, nicepay, extra='[state]\nurl = "sqlite:///state.db"')


def _client(command: str, settings: Path, *options: str) -> int:
    with time_machine.travel(NOON, tick=False):
        return main(["client", command, "--config", str(settings), *options])


def _set(command: str, settings: Path, client: str = "IONPAYTEST") -> int:
    return _client(command, settings, "--id", client)


@asynchronous
async def _suspend_in_state(settings: Path) -> None:
    async with opened(Settings.load(settings).state.url.text, settings.parent) as state:
        await state.suspend("IONPAYTEST", NOON)


def _is_suspended(settings: Path) -> tuple[bool, bool]:
    """Whether the client is suspended in the state store, and in the settings file."""
    loaded = Settings.load(settings)
    return SUSPENDED in change.read(loaded.state.url), loaded.clients[0].suspended


def test_state_store_and_settings_file_are_changed(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """State store and settings file suspend the client until it is resumed. Each command may run twice."""
    for _ in range(2):
        assert _set("suspend", shared) == 0
        assert _is_suspended(shared) == (True, True)
        assert capsys.readouterr() == ("IONPAYTEST is suspended\n", "")
    for _ in range(2):
        assert _set("resume", shared) == 0
        assert _is_suspended(shared) == (False, False)
        assert capsys.readouterr() == (f"IONPAYTEST is not suspended\n{ELSEWHERE}\n", "")


def test_the_settings_file_of_another_host_is_not_changed(
    shared: Path, tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another host lists and resumes a client that this host suspended. Its settings file does not change."""
    state = f'[state]\nurl = "sqlite:///{shared.parent}/state.db"'
    other = write_settings(tmp_path_factory.mktemp("other"), nicepay, extra=state)
    assert _set("suspend", shared) == 0
    assert _is_suspended(other) == (True, False)
    assert _set("resume", other) == 0
    assert _is_suspended(shared) == (False, True)
    capsys.readouterr()
    assert _client("list", shared) == 0
    assert "yes (settings)" in capsys.readouterr().out


@pytest.mark.parametrize(("command", "expected"), [("suspend", "is suspended"), ("resume", "is not suspended")])
def test_state_in_memory_cannot_be_changed(
    settings_file: Path, capsys: pytest.CaptureFixture[str], command: str, expected: str
) -> None:
    """If the state is in the memory of the server, only the settings file is changed, and the output says so."""
    assert _set(command, settings_file) == 0
    assert Settings.load(settings_file).clients[0].suspended is (command == "suspend")
    note = "state.url is memory://, so running servers read this change only from this settings file"
    assert capsys.readouterr() == (f"IONPAYTEST {expected}\n{note}\n", "")


@pytest.mark.parametrize("command", ["suspend", "resume"])
def test_an_unknown_client_is_not_suspended(shared: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """An unknown client ID is an error that lists the known IDs. The exit status is 2."""
    before = shared.read_text()
    assert _set(command, shared, "X") == 2
    assert capsys.readouterr() == ("", f"snap-token: {shared} has no client X; it has IONPAYTEST\n")
    assert (shared.read_text(), change.read(Settings.load(shared).state.url)) == (before, {})


@pytest.mark.parametrize("command", ["suspend", "resume"])
def test_a_state_store_that_is_down_is_an_error(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """If the state store does not answer, the settings file does not change. One line says why. Status 2."""
    before = settings_file.read_text()
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", UNREACHABLE)
    assert _set(command, settings_file) == 2
    out, err = capsys.readouterr()
    expected = "snap-token: the settings file is not changed, and the state store may or may not be changed: the state "
    assert (out, err.count("\n"), err.startswith(expected)) == ("", 1, True)
    assert "RECOGNISEME" not in err
    assert settings_file.read_text() == before


def test_settings_that_cannot_be_changed_are_an_error(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the state is in memory and the settings file cannot be changed, the error is about the file only. Status 2."""
    with locked(settings_file.parent):
        assert _set("suspend", settings_file) == 2
    expected = f"another command is changing files in {settings_file.parent}; run this again when it has ended"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")


@pytest.mark.parametrize(("command", "expected"), [("suspend", "is suspended"), ("resume", "is not suspended")])
def test_a_change_of_the_state_store_alone_is_reported(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, expected: str
) -> None:
    """If the settings file cannot be changed, one line says what the state store has now. The exit status is 2."""
    assert _set("resume" if command == "suspend" else "suspend", shared) == 0
    before = shared.read_text()
    capsys.readouterr()

    def fails(*_arguments: object) -> None:
        raise UsageError(UNWRITABLE)

    monkeypatch.setattr(cli_suspension, "replace", fails)
    assert _set(command, shared) == 2
    line = f"IONPAYTEST {expected} in the state store, but the settings file is not changed: {UNWRITABLE}"
    assert capsys.readouterr() == ("", f"snap-token: {line}\n")
    assert shared.read_text() == before
    assert _is_suspended(shared)[0] is (command == "suspend")


@pytest.mark.parametrize(
    ("state", "settings", "expected"),
    [
        (False, False, "no"),
        (False, True, "yes (settings)"),
        (True, False, "yes (state since 2026-01-22T12:00:01+07:00)"),
        (True, True, "yes (settings, state since 2026-01-22T12:00:01+07:00)"),
    ],
)
def test_the_list_names_both_sources(
    shared: Path, capsys: pytest.CaptureFixture[str], expected: str, *, state: bool, settings: bool
) -> None:
    """A client is listed as suspended if the settings or the state store suspend it, with the source."""
    if state:
        _suspend_in_state(shared)
    shared.write_text(f"{shared.read_text()}\nsuspended = {str(settings).lower()}\n")
    assert _client("list", shared) == 0
    out, err = capsys.readouterr()
    assert (out.splitlines()[1].partition(" s      ")[2], err) == (expected, "")


def test_a_list_creates_no_state_file(shared: Path) -> None:
    """A list before the first start does not create a state file."""
    before = sorted(shared.parent.iterdir())
    assert _client("list", shared) == 0
    assert sorted(shared.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("line", "expected"),
    [("suspended = false", "no (state not known)"), ("suspended = true", "yes (settings, state not known)")],
)
def test_a_list_without_the_state_store_says_so(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, expected: str
) -> None:
    """If the state store does not answer, the clients of the settings are listed, and one line says so. Status 2."""
    settings_file.write_text(f"{settings_file.read_text()}\n{line}\n")
    monkeypatch.setenv("SNAP_TOKEN__STATE__URL", UNREACHABLE)
    assert _client("list", settings_file) == 2
    out, err = capsys.readouterr()
    assert out.splitlines()[1].endswith(f"300 s      {expected}")
    assert err.startswith("snap-token: the entries of the state store are not known: the state store of state.url ")
    assert err.count("\n") == 1


def test_a_state_file_that_root_creates_belongs_to_the_server(nicepay: Nicepay) -> None:
    """If root suspends a client before the first start, the server's user can use every file that is created."""
    with open_folder(SERVER_USER, SERVER_GROUP) as folder:
        settings = write_settings(folder, nicepay, extra='[state]\nurl = "sqlite:///state.db"')
        give_all(folder, SERVER_USER, SERVER_GROUP)
        assert _set("suspend", settings) == 0
        assert _client("list", settings) == 0
        assert {owner(file) for file in folder.iterdir()} == {(SERVER_USER, SERVER_GROUP)}
        with acting_as(SERVER_USER, SERVER_GROUP):
            assert _is_suspended(settings) == (True, True)
