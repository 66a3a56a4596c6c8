"""The document as one HTML page."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

from handlers.cli.pack.page import html_page
from tests.document import RAW

PAGE = html_page(RAW, "A & <B>")


class _Parts(HTMLParser):
    """The scripts, styles and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.document = self.policy = self.title = ""
        self.loaded: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self._within = tag + (known.get("type") or "")
        if known.get("http-equiv") == "Content-Security-Policy":
            self.policy = known["content"] or ""
        self.loaded += [str(value) for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, _tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        match self._within:
            case "script":
                self.scripts.append(data)
            case "style":
                self.styles.append(data)
            case "scriptapplication/json":
                self.document += data
            case "title":
                self.title += data


def _parts() -> _Parts:
    parts = _Parts()
    parts.feed(PAGE)
    return parts


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def test_the_document_is_inside() -> None:
    """The page has the whole document, and the title as text."""
    assert json.loads(_parts().document) == RAW
    assert _parts().title == "A & <B>"


def test_nothing_is_loaded() -> None:
    """No element refers to another file, and the pictures of the style sheet are data URLs."""
    parts = _parts()
    assert parts.loaded == []
    (style,) = parts.styles
    assert set(re.findall(r"url\(\W*(\w+):", style)) == {"data"}
    assert "@import" not in style
    assert "sourceMappingURL" not in PAGE


def test_the_policy_allows_what_is_there_and_nothing_else() -> None:
    """The policy allows each script and the style by its hash, and no request."""
    parts = _parts()
    policy = dict(each.split(" ", 1) for each in parts.policy.split("; "))
    assert policy.pop("script-src").split() == [_hash(each) for each in parts.scripts]
    assert policy.pop("style-src").split() == [_hash(each) for each in parts.styles]
    assert policy == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'"}


def test_a_script_cannot_end_itself() -> None:
    """No script has text that would end it or begin another script."""
    found = [mark for script in _parts().scripts for mark in re.findall(r"(?i)<!--|</?script", script)]
    assert found == []


def test_a_document_cannot_end_its_script() -> None:
    """Text in the document that looks like markup stays data."""
    nasty = {"info": "</script><!--<script>alert(1)"}
    page = html_page(nasty, "x")
    assert "</script><!--" not in page
    found = re.search(r'id="document">(.*?)</script>', page)
    assert found
    assert json.loads(found[1]) == nasty
