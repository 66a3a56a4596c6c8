"""`snap-token state repair`."""

from contextlib import closing
from pathlib import Path

import pytest

from handlers.cli import main
from handlers.state.sqlite.file import open_file


@pytest.fixture
def settings_with_file(settings_file: Path) -> Path:
    text = settings_file.read_text().replace("memory://", "sqlite:///state.db")
    settings_file.write_text(text)
    return settings_file


def _repair(settings: Path) -> int:
    return main(["state", "repair", "--config", str(settings)])


def test_a_state_file_is_repaired(settings_with_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output names the old file, the number of entries, and what is refused from now on."""
    file = settings_with_file.with_name("state.db")
    with closing(open_file(file)) as connection:
        connection.execute("INSERT INTO seen VALUES ('key', 1, 2)")
    assert _repair(settings_with_file) == 0
    out, err = capsys.readouterr()
    (kept,) = file.parent.glob("state.db.kept-*Z")
    lines = out.splitlines()
    assert lines[:2] == [f"kept      {kept}", "salvaged  1 seen, 0 revoked, 0 suspended"]
    assert lines[2].startswith("strict    requests signed and tokens issued up to 2")
    assert err == ""


def test_unreadable_files_are_an_error(settings_with_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output says if entries could not be read, and if there was no file."""
    file = settings_with_file.with_name("state.db")
    assert _repair(settings_with_file) == 0
    assert capsys.readouterr().out.startswith(f"missing   {file} did not exist\nsalvaged  0 seen")
    file.write_bytes(b"spoilt" * 1_000)
    assert _repair(settings_with_file) == 0
    assert "0 seen, 0 revoked, 0 suspended; the rest cannot be read\n" in capsys.readouterr().out


def test_other_state_stores_and_files_are_refused(
    settings_file: Path, settings_with_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another kind of state store, or a file of another program, is an error of one line. The exit status is 2."""
    file = settings_with_file.with_name("state.db")
    file.symlink_to("/dev/null")
    assert _repair(settings_with_file) == 2
    assert capsys.readouterr() == ("", f"snap-token: {file} cannot be repaired: it is not a regular file\n")
    settings_file.write_text(settings_file.read_text().replace("sqlite:///state.db", "memory://"))
    assert _repair(settings_file) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("snap-token: state.url is not a SQLite file")
