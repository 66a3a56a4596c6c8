"""Completion for shells."""

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
    """With the printed script bash completes commands, commands below them, and options."""
    assert main(["completion", "bash"]) == 0
    file = tmp_path / "completion.bash"
    file.write_text(capsys.readouterr().out)
    script = COMPLETED.format(words=words, place=len(words.split()))
    ended = subprocess.run([program("bash"), "-c", script, "bash", file], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [completed]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    """For each of the shells a script is printed that knows the commands."""
    assert main(["completion", shell]) == 0
    out, err = capsys.readouterr()
    assert "health" in out
    assert err == ""


def test_it_is_installed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The script is put where the shell looks for it, and bash reads it at its start."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["--install-completion", "--shell", "bash"]) == 0
    file = tmp_path / ".local/share/bash-completion/completions/snap-token"
    assert capsys.readouterr() == (f"{file} is installed; start a new shell\n", "")
    assert str(file) in (tmp_path / ".bashrc").read_text()
    assert "health" in file.read_text()


def test_it_is_put_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put into a file that is named, it changes no other file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "script"
    assert main(["--install-completion", "--shell", "zsh", "--output", str(file)]) == 0
    assert capsys.readouterr() == (f"{file} is installed; start a new shell\n", "")
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_installed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place that is none is one line that says how to go on; the status is 2."""
    assert main(["--install-completion", "--shell", "fish", "--output", str(tmp_path)]) == 2
    cause = f"[Errno 21] Is a directory: '{tmp_path}'"
    advice = "print the script with: snap-token completion SHELL"
    assert capsys.readouterr() == ("", f"snap-token: nothing is installed: {cause}; {advice}\n")
