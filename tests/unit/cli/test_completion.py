"""Shell completion."""

import subprocess
from pathlib import Path

import pytest

from handlers.cli import main
from tests.programs import program

COMPLETED = """\
. "$1"
COMP_WORDS=(snap-token {words})
COMP_CWORD={place}
_snap_token
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [("he", "health"), ("keygen s", "secret"), ("serve --ch", "--check"), ("request --ca", "--ca-file")],
)
def test_bash_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, completed: str) -> None:
    """bash completes commands, subcommands and options with the printed script."""
    assert main(["completion", "bash"]) == 0
    file = tmp_path / "completion.bash"
    file.write_text(capsys.readouterr().out)
    script = COMPLETED.format(words=words, place=len(words.split()))
    ended = subprocess.run([program("bash"), "-c", script, "bash", file], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [completed]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    """The command prints a script for each shell, which knows the commands."""
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert "health" in out
    assert err == ""


def test_the_script_is_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script is written where the shell looks for it, and bash loads it at its start."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["--install-completion", "--shell", "bash"]) == 0
    file = tmp_path / ".local/share/bash-completion/completions/snap-token"
    assert capsys.readouterr() == (f"{file} is installed; start a new shell\n", "")
    assert str(file) in (tmp_path / ".bashrc").read_text()
    assert "health" in file.read_text()


def test_the_script_can_be_installed_in_a_named_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the script is written to a named file, no other file is changed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "script"
    assert main(["--install-completion", "--shell", "zsh", "--output", str(file)]) == 0
    assert capsys.readouterr() == (f"{file} is installed; start a new shell\n", "")
    assert list(tmp_path.iterdir()) == [file]


def test_a_failed_installation_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If the script cannot be written, one line says what to do, and the exit status is 2."""
    assert main(["--install-completion", "--shell", "fish", "--output", str(tmp_path)]) == 2
    cause = f"[Errno 21] Is a directory: '{tmp_path}'"
    advice = "print the script with: snap-token completion SHELL"
    assert capsys.readouterr() == ("", f"snap-token: nothing is installed: {cause}; {advice}\n")
