"""`snap-token share`."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from handlers.cli import main
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
        assert archive.namelist() == [f"snap-token/{name.strip()}" for name in names]
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
