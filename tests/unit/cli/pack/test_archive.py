"""The pack as a ZIP file."""

import re
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from handlers.cli.pack.archive import contents, zip_archive
from tests.document import PATH

URL = "https://a.example/base"
FILES = contents(PATH.read_text(encoding="utf-8"), URL)
NAMES = {
    "checklist.en.md",
    "checklist.id.md",
    "snap-token.html",
    "snap-token.json",
    "snap-token.yaml",
    "token-request.sh",
    "vectors.json",
}


def test_the_pack_has_these_files() -> None:
    """The pack has the document in three forms, vectors, a request, and the checklist in two languages."""
    assert FILES.keys() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_file_holds_a_private_key_or_a_placeholder(name: str) -> None:
    """No file has a private key, and every file with a URL has that of the merchant."""
    assert "PRIVATE KEY" not in FILES[name]
    assert URL in FILES[name]
    assert "merchant.example" not in FILES[name]
    assert not re.search(r"\$[a-z_]+url", FILES[name])


def test_the_pack_is_the_same_to_the_byte() -> None:
    """The bytes of the pack do not depend on the order of the files or on the time."""
    backwards = dict(sorted(FILES.items(), reverse=True))
    assert zip_archive(FILES) == zip_archive(backwards)
    with ZipFile(BytesIO(zip_archive(FILES))) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert [entry.filename for entry in entries] == [f"snap-token/{name}" for name in sorted(NAMES)]
    assert {(entry.date_time, entry.create_system, entry.external_attr, entry.compress_type) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0o100644 << 16, 0)
    }


def test_the_checklists_are_in_step() -> None:
    """Both languages have equally many headings, steps and rows, and the same files, fields and codes in order."""
    english, indonesian = (FILES[f"checklist.{language}.md"] for language in ("en", "id"))
    for pattern in (r"^#+ ", r"^- \[ \] \d+\.", r"^\|", r"`[^`]+`", r"\b\d{3}\b"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, indonesian)]
        assert found[0] == found[1]


def test_the_checklists_name_the_packs_files() -> None:
    """Each checklist explains every other file of the pack."""
    others = {name for name in NAMES if not name.startswith("checklist")}
    for language in ("en", "id"):
        assert others <= set(re.findall(r"`([^`]+)`", FILES[f"checklist.{language}.md"]))


def test_the_checklists_come_with_the_package() -> None:
    """The text files that the code reads are in the package, so that the wheel has them."""
    folder = Path(contents.__code__.co_filename).parent
    assert {file.suffix for file in folder.iterdir() if file.is_file()} == {".py", ".md", ".html", ".css", ".js"}
