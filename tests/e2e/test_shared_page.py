"""The HTML page of the pack, opened from a disk in a browser."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from handlers.cli import main
from tests.e2e.browser import browsing


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page, unpacked from the pack."""
    pack = tmp_path / "pack.zip"
    assert main(["share", "--base-url", "https://shop.example.co.id", "--output", str(pack)]) == 0
    with ZipFile(pack) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "snap-token" / "snap-token.html"


def test_the_page_needs_no_network(page: Path) -> None:
    """The page shows the document with the merchant's server, requests nothing and writes nothing to the console."""
    with browsing() as browser:
        browser.open(page.as_uri())
        assert "SNAP Access Token B2B" in browser.see(".info .title").text
        assert browser.see(".servers").text.startswith("https://shop.example.co.id/api/v1.0")
        assert browser.see(".opblock-summary-path").text == "/access-token/b2b"
        assert browser.driver.find_elements("css selector", ".try-out") == []
        browser.click('a[href="#section/The-signature/String-to-sign"]')
        assert browser.requests() == [page.as_uri()]
        assert browser.console_messages() == []
