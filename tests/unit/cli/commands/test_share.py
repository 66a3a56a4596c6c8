"""`snap-token share`."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from handlers.cli import main
from tests.document import INTERNAL_PATH, RAW
from tests.merchant import write_settings
from tests.nicepay import Nicepay


def _document(pack: Path) -> str:
    with ZipFile(pack) as archive:
        return archive.read("snap-token/snap-token.yaml").decode()


def test_the_pack_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The URL is enough. The pack is created, and its files are listed."""
    pack = tmp_path / "pack.zip"
    assert main(["share", "--base-url", "https://a.example", "--output", str(pack)]) == 0
    out, err = capsys.readouterr()
    first, *names = out.splitlines()
    assert (first, err) == (f"{pack}:", "")
    with ZipFile(pack) as archive:
        listed = {re.sub("(?<=.)/.*", "/", name.removeprefix("snap-token/")) for name in archive.namelist()}
    assert sorted(listed) == [name.strip() for name in names]
    assert 'url: "https://a.example/api/v1.0"' in _document(pack)


def test_the_base_path_is_the_settings(tmp_path: Path, nicepay: Nicepay) -> None:
    """A URL without a path gets the base path of the settings. A URL with a path keeps it."""
    config = write_settings(tmp_path, nicepay, extra='[server]\nbase_path = "/snap"')
    for url, path in (("https://a.example", "/snap"), ("https://a.example/other", "/other")):
        pack = tmp_path / f"{path[1:]}.zip"
        assert main(["share", "--base-url", url, "--output", str(pack), "--config", str(config)]) == 0
        assert f'url: "https://a.example{path}"' in _document(pack)


def test_two_calls_make_the_same_bytes(tmp_path: Path) -> None:
    """The same command creates the same bytes."""
    packs = [tmp_path / name for name in ("a.zip", "b.zip")]
    for pack in packs:
        assert main(["share", "--base-url", "https://a.example", "--output", str(pack)]) == 0
    assert packs[0].read_bytes() == packs[1].read_bytes()


def test_a_file_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing file is not overwritten: one line says so, and the exit status is 2."""
    pack = tmp_path / "pack.zip"
    pack.write_text("old")
    assert main(["share", "--base-url", "https://a.example", "--output", str(pack)]) == 2
    expected = f"snap-token: {pack} exists and is left as it is; name another file or move it away\n"
    assert capsys.readouterr() == ("", expected)
    assert pack.read_text() == "old"


def test_mistakes_are_one_line_and_make_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid URL is an error before any file is created. The exit status is 2."""
    pack = tmp_path / "pack.zip"
    assert main(["share", "--base-url", "http://a.example", "--output", str(pack)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert not pack.exists()


def _share(pack: Path, *options: str, url: str = "https://a.example") -> dict[str, str]:
    assert main(["share", "--base-url", url, "--output", str(pack), *options]) == 0
    with ZipFile(pack) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_contact_stands_in_the_documents_and_the_checklists(tmp_path: Path) -> None:
    """Each document of the pack has the contact, and each checklist names it."""
    options = ("--contact", "Tim O'Integrasi", "--contact", "api@a.example", "--contact", "https://a.example/api")
    files = _share(tmp_path / "pack.zip", *options)
    contact = {"name": "Tim O'Integrasi", "url": "https://a.example/api", "email": "api@a.example"}
    for name in ("snap-token.yaml", "snap-token.json", "snap-token.3.1.yaml", "snap-token.bundled.json"):
        assert yaml.safe_load(files[f"snap-token/{name}"])["info"]["contact"] == contact
    for name in ("checklist.en.md", "checklist.id.md"):
        assert "Tim O'Integrasi, <https://a.example/api>, <api@a.example> |" in files[f"snap-token/{name}"]


def test_a_contact_without_a_name_keeps_that_of_the_document(tmp_path: Path) -> None:
    """If only an e-mail address is given, the name in the document stays."""
    files = _share(tmp_path / "pack.zip", "--contact", "api@a.example")
    found = yaml.safe_load(files["snap-token/snap-token.yaml"])["info"]["contact"]
    assert found == {**RAW["info"]["contact"], "email": "api@a.example"}


def test_a_malformed_contact_makes_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A malformed contact is an error of one line, before any file is created. The exit status is 2."""
    pack = tmp_path / "pack.zip"
    options = ["--base-url", "https://a.example", "--output", str(pack)]
    assert main(["share", *options, "--contact", "<script>"]) == 2
    assert capsys.readouterr().err.startswith("snap-token: --contact: a name has letters")
    assert not pack.exists()


def test_the_internal_pack_is_for_the_own_team(tmp_path: Path) -> None:
    """The internal pack has the internal document and its page, the URL of the listener, and the contact."""
    files = _share(tmp_path / "pack.zip", "--internal", "--contact", "Tim", url="http://10.0.0.5:9080")
    names = ("internal.3.1.yaml", "internal.bundled.json", "internal.html", "internal.json", "internal.yaml")
    assert list(files) == [f"snap-token-internal/{name}" for name in names]
    document = yaml.safe_load(files["snap-token-internal/internal.yaml"])
    description = "The internal listener, inside the merchant's network. Plain HTTP, without TLS."
    assert document["servers"] == [{"url": "http://10.0.0.5:9080", "description": description}]
    assert document["info"]["contact"] == {"name": "Tim"}
    assert document["paths"] == yaml.safe_load(INTERNAL_PATH.read_text(encoding="utf-8"))["paths"]


def test_the_internal_pack_takes_no_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The settings have no base path for the internal listener, so --config is refused."""
    options = ["--base-url", "http://a", "--output", str(tmp_path / "pack.zip"), "--config", "x.toml"]
    assert main(["share", "--internal", *options]) == 2
    assert "leave it out with --internal" in capsys.readouterr().err
