"""Mistakes in the settings, as a command prints them."""

from pathlib import Path

import pytest

from handlers.cli import main
from handlers.cli.errors import UsageError
from handlers.cli.settings_file import load_settings
from handlers.config.settings import Settings

COMMANDS = pytest.mark.parametrize("command", [["serve", "--check"], ["request"]], ids=" ".join)


@COMMANDS
def test_each_mistake_in_the_settings_is_one_line(
    capsys: pytest.CaptureFixture[str], settings_file: Path, command: list[str]
) -> None:
    """Each mistake in the settings is one line on standard error, with the name of the file. The exit status is 2."""
    settings_file.write_text(settings_file.read_text() + "\n[server]\nport = -1\nprot = 1")
    assert main([*command, "--config", str(settings_file)]) == 2
    port = f"snap-token: {settings_file}: server.port: must be at least 0, not -1\n"
    prot = f"snap-token: {settings_file}: server.prot: there is no such key; did you mean port?\n"
    assert capsys.readouterr() == ("", prot + port)


@COMMANDS
def test_missing_settings_are_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]) -> None:
    """If the settings file is missing, one line on standard error says so. The exit status is 2."""
    file = tmp_path / "nothing.toml"
    assert main([*command, "--config", str(file)]) == 2
    assert capsys.readouterr() == ("", f"snap-token: {file} cannot be read: No such file or directory\n")


def test_mistakes_name_the_file_whatever_its_name(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake has the name of the file, even if the path of the key begins like that name."""
    monkeypatch.chdir(settings_file.parent)
    Path("cl").write_text("clients = []")
    with pytest.raises(UsageError) as refusal:
        load_settings(Path("cl"))
    assert refusal.value.mistakes == ("cl: clients: at least 1 required",)


def test_valid_settings_are_loaded(settings_file: Path) -> None:
    """Settings without a mistake are loaded unchanged."""
    assert load_settings(settings_file) == Settings.load(settings_file)


def test_a_draft_is_read_as_the_file(settings_file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A draft is read as if it were the file: its paths are relative to the file, and mistakes name the file."""
    draft = tmp_path_factory.mktemp("elsewhere") / "draft"
    draft.write_text(settings_file.read_text())
    assert load_settings(settings_file, draft) == Settings.load(settings_file)
    draft.write_text("clients = []")
    with pytest.raises(UsageError) as refusal:
        load_settings(settings_file, draft)
    assert refusal.value.mistakes == (f"{settings_file}: clients: at least 1 required",)


def test_a_usage_error_has_all_mistakes() -> None:
    """The error holds each mistake separately, and its text holds all of them."""
    error = UsageError("one", "two")
    assert (error.mistakes, str(error)) == (("one", "two"), "one; two")
