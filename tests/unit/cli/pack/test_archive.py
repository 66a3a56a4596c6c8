"""The pack as a ZIP file."""

import json
import re
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from handlers.cli.pack.archive import contents, zip_archive
from handlers.server.openapi.bundle import bundled
from tests.document import PATH

URL = "https://a.example/base"
FILES = contents(PATH.read_text(encoding="utf-8"), URL)
COLLECTIONS = {name for name in FILES if name.startswith("bruno/") or ".postman_" in name}
NAMES = {
    *COLLECTIONS,
    "checklist.en.md",
    "checklist.id.md",
    "snap-token.3.1.yaml",
    "snap-token.bundled.json",
    "snap-token.html",
    "snap-token.json",
    "snap-token.yaml",
    "snippets/README.md",
    "snippets/Sign.cs",
    "snippets/Sign.java",
    "snippets/sign.go",
    "snippets/sign.mjs",
    "snippets/sign.php",
    "snippets/sign.py",
    "test-key-private.pem",
    "test-key-public.pem",
    "token-request.sh",
    "vectors.json",
    "vectors.tsv",
}


def test_the_pack_has_these_files() -> None:
    """The pack has the document in five forms, vectors, keys, programs, a script, collections and two checklists."""
    assert FILES.keys() == NAMES
    assert {"bruno/token/token.bru", "snap-token.postman_collection.json"} <= COLLECTIONS


def test_every_edition_is_the_same_document() -> None:
    """The JSON file equals the YAML file. The 3.1 edition is valid, and the bundled file has no reference."""
    document = yaml.safe_load(FILES["snap-token.yaml"])
    assert json.loads(FILES["snap-token.json"]) == document
    assert json.loads(FILES["snap-token.bundled.json"]) == bundled(document)
    edition = yaml.safe_load(FILES["snap-token.3.1.yaml"])
    OpenAPIV31SpecValidator(edition).validate()
    assert {**edition, "openapi": "3.0.3", "components": {}} == {**document, "components": {}}


@pytest.mark.parametrize("name", sorted(NAMES - COLLECTIONS))
def test_no_file_has_a_secret_of_the_merchant_or_a_placeholder(name: str) -> None:
    """The only private key is the published one, and every file for this merchant has its URL."""
    assert ("-----BEGIN PRIVATE KEY" in FILES[name]) == (name == "test-key-private.pem")
    assert (URL in FILES[name]) == (not name.startswith(("test-key", "snippets/", "vectors.tsv")))
    assert "merchant.example" not in FILES[name]
    assert not re.search(r"\$[a-z]+_url\b", FILES[name].replace("$base_url", "")) or name == "token-request.sh"


def test_the_pack_is_the_same_to_the_byte() -> None:
    """The bytes of the pack do not depend on the order of the files or on the time."""
    backwards = dict(sorted(FILES.items(), reverse=True))
    assert zip_archive(FILES) == zip_archive(backwards)
    with ZipFile(BytesIO(zip_archive(FILES))) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert [entry.filename for entry in entries] == [f"snap-token/{name}" for name in sorted(NAMES)]
    assert {(entry.date_time, entry.create_system, entry.compress_type) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0)
    }
    modes = {entry.filename: entry.external_attr >> 16 for entry in entries}
    assert modes == {name: 0o100755 if name.endswith(".sh") else 0o100644 for name in modes}


def test_the_checklists_are_in_step() -> None:
    """Both languages have equally many headings, steps and rows, and the same files, fields and codes in order."""
    english, indonesian = (FILES[f"checklist.{language}.md"] for language in ("en", "id"))
    for pattern in (r"^#+ ", r"^- \[ \] \d+\.", r"^\|", r"`[^`]+`", r"\b\d{3}\b"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, indonesian)]
        assert found[0] == found[1]


def test_the_checklists_name_the_packs_files() -> None:
    """Each checklist explains every other file and folder of the pack."""
    others = {re.sub("/.*", "/", name) for name in NAMES if not name.startswith("checklist")}
    for language in ("en", "id"):
        assert others <= set(re.findall(r"`([^`]+)`", FILES[f"checklist.{language}.md"]))


def test_the_checklists_come_with_the_package() -> None:
    """The text files that the code reads are in the package, so that the wheel has them."""
    folder = Path(contents.__code__.co_filename).parent
    suffixes = {".py", ".md", ".html", ".css", ".js", ".sh", ".toml"}
    assert {file.suffix for file in folder.iterdir() if file.is_file()} == suffixes
