"""The page on the audit trail in both languages, held to the code."""

import re
from pathlib import Path

import orjson
import pytest

from handlers.audit.checkpoint import signed_text
from handlers.audit.verification import CLOCK_TOLERANCE
from handlers.cli import main
from tests.pages import page
from tests.trails import PUBLIC_PEM, trail

in_both_languages = pytest.mark.parametrize("language", ["en", "id"])
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `audit` of the examples. The commands run beside it."""
    monkeypatch.chdir(tmp_path)
    trail().write(tmp_path / "audit", compressed=1)
    (tmp_path / "audit.key.pub").write_bytes(PUBLIC_PEM)
    return tmp_path / "audit"


def _examples(language: str) -> list[str]:
    return re.findall(r"```console\n(.+?)```", page("audit-trail", language), re.DOTALL)


@in_both_languages
@pytest.mark.usefixtures("folder")
def test_the_example_of_a_whole_trail_is_real(language: str, capsys: Captured) -> None:
    """The page shows the whole output of `audit verify`."""
    command, _, output = _examples(language)[1].partition("\n")
    assert command == "$ snap-token audit verify audit --public-key audit.key.pub"
    assert main(command.split()[2:]) == 0
    assert capsys.readouterr().out == output


@in_both_languages
def test_the_example_of_a_broken_trail_is_real(language: str, folder: Path, capsys: Captured) -> None:
    """The page shows the verdict on a trail of which somebody changed one line."""
    file = folder / "audit-20261129-000002.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"1-2"', b'"1-9"'))
    command, _, output = _examples(language)[2].partition("\n")
    assert main(command.split()[2:]) == 1
    assert output in capsys.readouterr().out


@in_both_languages
@pytest.mark.usefixtures("folder")
def test_the_commands_of_the_page_run(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other `audit verify` of the page is a command that exists and succeeds."""
    commands = [
        line.partition(" > ")
        for example in _examples(language)[3:]
        for line in re.findall(r"^\$ snap-token (.+)$", example, re.MULTILINE)
        if " show " not in f" {line}"
    ]
    assert len(commands) == 2
    for command, _, file in commands:
        with (tmp_path / (file or "output")).open("w") as output, monkeypatch.context() as patch:
            patch.setattr("sys.stdout", output)
            assert main(command.split()) == 0


@in_both_languages
def test_the_line_of_the_page_is_real(language: str, folder: Path) -> None:
    """The example of a line is a line of a trail, with its long members cut."""
    (text,) = re.findall(r"```json\n(.+?)\n```", page("audit-trail", language))
    real = (folder / "audit-20261129-000002.jsonl").read_bytes().splitlines()
    assert orjson.loads(text).keys() == {**orjson.loads(real[1])}.keys()


@in_both_languages
def test_the_page_says_what_a_checkpoint_signs(language: str) -> None:
    """The page has the first line of the signed text, and names the other three in their order."""
    head, *members = signed_text(1, "HASH", "TIME").decode().split("\n")
    assert members == ["1", "HASH", "TIME"]
    _, found, rest = page("audit-trail", language).partition(f"`{head}`")
    assert found
    assert re.findall("`([a-z]+)`", rest)[:3] == ["number", "hash", "time"]


@in_both_languages
def test_the_page_has_the_tolerance(language: str) -> None:
    """The page says how far the clock may go back without a note."""
    assert f" {CLOCK_TOLERANCE.total_seconds():.0f} " in page("audit-trail", language)
