"""A change must be announced: by the version of the document, and in the changelog."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.__main__ import OPENAPI, main
from tests.contract.release import Version, has_entry

ROOT = OPENAPI.parent
LONGER_TOKEN = tuple(f'maxLength: {most}\n          pattern: "^[A-Za-z0-9._~+' for most in (150, 300))
FILES = ("snap-token.yaml", "internal.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the released documents, with nothing changed since."""
    copy = tmp_path / "openapi"
    shutil.copytree(OPENAPI / "released", copy / "released")
    for file in FILES:
        text = (OPENAPI / "released" / file).read_text(encoding="utf-8")
        text = re.sub(r"^  version: .*$", "  version: 1.0.0", text, count=1, flags=re.MULTILINE)
        for place in (copy / "released", copy):
            (place / file).write_text(text, encoding="utf-8")
    (copy / "released/corrections.yaml").write_text("")
    (copy / "CHANGELOG.md").write_text("# Changelog\n")
    return copy


def _replace(file: Path, old: str, new: str) -> None:
    content = file.read_text(encoding="utf-8")
    assert old in content
    file.write_text(content.replace(old, new), encoding="utf-8")


def _announce(folder: Path, version: str) -> None:
    _replace(folder / "snap-token.yaml", "version: 1.0.0", f"version: {version}")
    with (folder / "CHANGELOG.md").open("a") as changelog:
        changelog.write(f"\n## {version}\n\n- A change.\n")


def test_the_documents_keep_the_contract() -> None:
    """Every change since the last release is announced."""
    assert main() == 0


def test_an_unchanged_document_needs_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a change, no version and no entry is needed, and nothing is printed."""
    assert main(folder) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("version", "status"), [("1.0.0", 1), ("1.0.1", 1), ("1.1.0", 1), ("2.0.0", 0), ("3.1.4", 0)])
def test_a_breaking_change_needs_a_major_version(
    folder: Path, capsys: pytest.CaptureFixture[str], version: str, status: int
) -> None:
    """A breaking change fails below the next major version. The line says where, what, and what to do."""
    _announce(folder, version)
    _replace(folder / "snap-token.yaml", *LONGER_TOKEN)
    assert main(folder, every=True) == status
    start = "snap-token.yaml: POST /access-token/b2b, answer 200, application/json body.accessToken: "
    advice = "undo it, or set info.version to 2.0.0 and describe it in CHANGELOG.md"
    correction = "If the wire stays as it was, list it in released/corrections.yaml"
    end = f"{advice}. {correction}" if status else f"info.version {version} announces it"
    assert capsys.readouterr().out == f"{start}maxLength: 150 -> 300: breaking: {end}\n"


def test_announced_changes_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document has one line for all announced changes, and one line for each change that is not announced."""
    _announce(folder, "1.1.0")
    _replace(folder / "snap-token.yaml", "        maxLength: 2048", "        maxLength: 4096")
    assert main(folder) == 0
    line = "1 changes are announced or listed as corrections; print them: make contract ALL=1"
    assert capsys.readouterr().out == f"snap-token.yaml: {line}\n"
    _replace(folder / "snap-token.yaml", *LONGER_TOKEN)
    assert main(folder) == 1
    failure, announced = capsys.readouterr().out.splitlines()
    assert ": breaking: undo it" in failure
    assert announced == f"snap-token.yaml: {line}"


@pytest.mark.parametrize(("version", "status"), [("1.0.0", 1), ("1.0.9", 1), ("1.1.0", 0), ("2.0.0", 0)])
def test_an_addition_needs_a_minor_version(folder: Path, version: str, status: int) -> None:
    """An addition fails below the next minor version."""
    _announce(folder, version)
    _replace(folder / "snap-token.yaml", "        maxLength: 2048", "        maxLength: 4096")
    assert main(folder) == status


def test_a_new_version_needs_an_entry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A raised version without an entry in the changelog fails, also if nothing else has changed."""
    _replace(folder / "internal.yaml", "version: 1.0.0", "version: 1.0.1")
    assert main(folder) == 1
    expected = 'CHANGELOG.md: no entry for internal.yaml 1.0.1; add "## 1.0.1" and what has changed\n'
    assert capsys.readouterr().out == expected


def test_a_version_is_never_lowered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A version below the released one fails."""
    _announce(folder, "0.9.0")
    assert main(folder) == 1
    assert "info.version 0.9.0 is lower than the released 1.0.0; raise it" in capsys.readouterr().out


def test_a_correction_is_no_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A listed correction needs no version. The same change at another place does."""
    corrections = "internal.yaml:\n  - change: 'POST /revoke, * body: maxProperties: none -> 2'\n    why: Text.\n"
    (folder / "released/corrections.yaml").write_text(corrections)
    _replace(folder / "internal.yaml", "    RevocationRequest:\n", "    RevocationRequest:\n      maxProperties: 2\n")
    assert main(folder, every=True) == 0
    assert ": correction, 1 times: " in capsys.readouterr().out
    _replace(
        folder / "internal.yaml",
        "required: [token]\n      maxProperties: 16",
        "required: [token]\n      maxProperties: 2",
    )
    assert main(folder) == 1


def test_a_correction_that_is_not_needed_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A correction without its change would hide a later change, so it fails."""
    (folder / "released/corrections.yaml").write_text("internal.yaml:\n  - {change: 'GET /x: y', why: Text.}\n")
    assert main(folder) == 1
    expected = "released/corrections.yaml: no change of internal.yaml is `GET /x: y`; delete the entry\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("file", ["snap-token.yaml", "released/internal.yaml", "CHANGELOG.md"])
def test_a_missing_file_is_named(folder: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    """A missing file is one line on standard error, and the exit status is 2."""
    (folder / file).unlink()
    assert main(folder) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert file in err


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version: 1.0.0", "version: 1.1", "info.version is 1.1; write MAJOR.MINOR.PATCH"),
        ("version: 1.0.0", "version: 1.1.0-rc.1", "info.version is 1.1.0-rc.1; write MAJOR.MINOR.PATCH"),
        ("responses/Successful", "responses/Nothing", "#/components/responses/Nothing leads to nothing"),
        ("\npaths:\n", "\nnothing:\n", "KeyError('paths')"),
        ("info:\n", "info: [\n", "expected"),
    ],
)
def test_a_broken_document_is_no_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, reason: str
) -> None:
    """A document that cannot be compared is an error that says why, and the exit status is 2."""
    _replace(folder / "snap-token.yaml", old, new)
    assert main(folder) == 2
    err = capsys.readouterr().err
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("changelog", "is_found"),
    [
        ("## 1.1.0\n\n- A change.\n", True),
        ("## [1.1.0] - 2026-11-29\n### Added\n* A change.\n", True),
        ("## 1.1.0 (unreleased)\n\nA change.\n", True),
        ("## 1.1.0\n", False),
        ("## 1.1.0\n\n### Added\n", False),
        ("## 1.1.0\n\n## 1.0.0\n\n- A change.\n", False),
        ("## 1.1.01\n\n- A change.\n", False),
        ("## 11.1.0\n\n- A change.\n", False),
        ("# 1.1.0\n\n- A change.\n", False),
        ("", False),
    ],
)
def test_an_entry_is_a_heading_with_text(changelog: str, is_found: bool) -> None:  # noqa: FBT001  a table
    """The entry of a version is its heading, and text below it that is no heading."""
    assert has_entry(changelog, Version(1, 1, 0)) is is_found


def test_the_command_fails_for_an_edited_document(folder: Path) -> None:
    """The command that `make contract` runs prints the change, and its exit status is 1."""
    _replace(folder / "snap-token.yaml", "tokenType, expiresIn, additionalInfo]", "tokenType, additionalInfo]")
    command = (sys.executable, "-m", "tests.contract", folder)
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "")
    assert "member expiresIn is no longer required: breaking: undo it, or set info.version to 2.0.0" in run.stdout
