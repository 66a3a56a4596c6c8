"""`snap-token state`."""

import signal
from contextlib import closing
from pathlib import Path

import pytest

from handlers.cli import main
from handlers.state.sqlite.file import open_file
from tests.trail_files import chain_of, write_key


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
    assert err == "snap-token: state.url is not a SQLite file; memory:// keeps nothing when the server ends\n"


@pytest.mark.parametrize(
    ("url", "tool"),
    [
        ("redis://localhost:6379/0", "redis-cli --rdb FILE"),
        ("postgresql://snap@localhost/snap", "pg_dump"),
        ("memory://", "memory:// keeps nothing"),
    ],
)
@pytest.mark.parametrize("command", [("backup", "b.db"), ("restore", "b.db"), ("repair",)])
def test_other_state_stores_have_their_own_tools(
    settings_file: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], url: str, tool: str
) -> None:
    """For another state store, one line says which tool to use."""
    settings_file.write_text(settings_file.read_text().replace("memory://", url))
    assert main(["state", *command, "--config", str(settings_file)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert tool in line


@pytest.mark.parametrize(
    ("first", "period"),
    [
        ("INSERT INTO seen VALUES ('key', 1700000000000000, 2)", "from 2023-11-15T05:13:20+07:00 to 2"),
        ("", "after the"),
    ],
)
def test_a_backup_and_its_restore(
    settings_with_file: Path, capsys: pytest.CaptureFixture[str], first: str, period: str
) -> None:
    """The output names the new file, then the old one, the entries, what is refused from now on, and what to check."""
    file, target = settings_with_file.with_name("state.db"), settings_with_file.with_name("backup.db")
    with closing(open_file(file)) as connection:
        connection.execute(first)
    config = ("--config", str(settings_with_file))
    assert main(["state", "backup", str(target), *config]) == 0
    assert capsys.readouterr() == (f"backup    {target}\n", "")
    assert main(["state", "restore", str(target), *config]) == 0
    out, err = capsys.readouterr()
    (kept,) = file.parent.glob("state.db.kept-*Z")
    lines = out.splitlines()
    counts = f"{len(first) > 0:d} seen, 0 revoked, 0 suspended"
    assert lines[:3] == [f"kept      {kept}", f"salvaged  {counts}", f"restored  {counts}"]
    assert lines[3].startswith("strict    requests signed and tokens issued up to 2")
    assert lines[4].startswith(f"check     suspensions and payments {period}")
    assert err == ""


def test_the_audit_trail_says_that_the_state_was_replaced(settings_with_file: Path) -> None:
    """A repair and a restore are lines of the trail. A backup changes nothing, and is none."""
    folder, config = settings_with_file.parent, ("--config", str(settings_with_file))
    write_key(folder / "audit.pem")
    with settings_with_file.open("a") as settings:
        settings.write('\n[audit]\ndir = "audit"\nkey_file = "audit.pem"\n')
    for command in (("repair",), ("backup", str(folder / "backup.db")), ("restore", str(folder / "backup.db"))):
        assert main(["state", *command, *config]) == 0
    recorded = [line for line in chain_of(folder / "audit") if line["event"].startswith("state.")]
    assert [line["event"] for line in recorded] == ["state.repaired", "state.restored"]
    assert recorded[1]["backup"] == str(folder / "backup.db")


def test_a_backup_that_fails(settings_with_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is wrong: no state file yet, a target that exists, a target without a folder."""
    file, config = settings_with_file.with_name("state.db"), ("--config", str(settings_with_file))
    target = file.with_name("backup.db")
    for prepare, argument, message in (
        (lambda: None, target, f"{file} does not exist; the server creates it at its start"),
        (
            lambda: open_file(file).close(),
            "/nowhere/b.db",
            f"{file} cannot be backed up to /nowhere/b.db: No such file",
        ),
        (target.touch, target, f"{target} exists and is left as it is; name another file or move it away"),
        (lambda: file.write_bytes(b"spoilt" * 1_000), f"{target}2", "is damaged (file is not a database); run: snap-"),
    ):
        prepare()
        assert main(["state", "backup", str(argument), *config]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        assert message in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_backup_that_is_stopped_leaves_nothing(
    settings_with_file: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """A signal, for example from a timer or a terminal that closes, ends the command, and no half file stays."""
    open_file(settings_with_file.with_name("state.db")).close()
    before, handler = sorted(settings_with_file.parent.iterdir()), signal.signal(number, signal.SIG_DFL)
    monkeypatch.setattr("handlers.state.sqlite.backup.require_usable", lambda _: signal.raise_signal(number))
    target = settings_with_file.with_name("backup.db")
    try:
        with pytest.raises(SystemExit) as end:
            main(["state", "backup", str(target), "--config", str(settings_with_file)])
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, handler)
    assert end.value.code == 128 + signal.SIGINT
    assert sorted(settings_with_file.parent.iterdir()) == before


def test_nohup_keeps_a_backup_alive(settings_with_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SIGHUP that is ignored stays ignored."""
    open_file(settings_with_file.with_name("state.db")).close()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    monkeypatch.setattr("handlers.state.sqlite.backup.require_usable", lambda _: signal.raise_signal(signal.SIGHUP))
    target = settings_with_file.with_name("backup.db")
    try:
        assert main(["state", "backup", str(target), "--config", str(settings_with_file)]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_restore_that_fails(settings_with_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line names the backup, the state file and the cause."""
    file, source = settings_with_file.with_name("state.db"), settings_with_file.with_name("backup.db")
    for content, cause in (
        (None, "No such file or directory"),
        ("a link to itself", "Too many levels of symbolic links"),
        (b"spoilt" * 1_000, "it cannot be read completely; use another backup"),
    ):
        if isinstance(content, bytes):
            source.unlink()
            source.write_bytes(content)
        elif content:
            source.symlink_to(source.name)
        assert main(["state", "restore", str(source), "--config", str(settings_with_file)]) == 2
        assert capsys.readouterr() == ("", f"snap-token: {source} cannot be restored to {file}: {cause}\n")
    assert not file.exists()
