"""Both documents: each link leads to a section, in every viewer."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.document import INTERNAL_RAW, RAW

DOCUMENTS = pytest.mark.parametrize("document", [RAW, INTERNAL_RAW], ids=["public", "internal"])
_HEADING = re.compile(r'(?:^<a id="(?P<id>[^"]+)"></a>\n\n)?^(?P<marks>#+) (?P<title>.+)$', re.MULTILINE)


def _prose(document: dict[str, Any]) -> str:
    """The description of the document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", document["info"]["description"], flags=re.MULTILINE | re.DOTALL)


def _descriptions(node: object) -> Iterator[str]:
    """Every description in the document."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "description" and isinstance(value, str))
        yield from (text for value in node.values() for text in _descriptions(value))
    elif isinstance(node, list):
        yield from (text for value in node for text in _descriptions(value))


@DOCUMENTS
def test_each_heading_has_an_anchor(document: dict[str, Any]) -> None:
    """An anchor stands before each heading, because viewers give the headings different IDs."""
    parent = ""
    for heading in _HEADING.finditer(_prose(document)):
        assert re.fullmatch(r"[\w ,-]+", heading["title"])  # Viewers treat other characters differently.
        slug = heading["title"].replace(",", "").replace(" ", "-")
        is_section = heading["marks"] == "#"
        parent = slug if is_section else parent
        assert heading["id"] == (f"section/{slug}" if is_section else f"section/{parent}/{slug}")


@DOCUMENTS
def test_each_link_leads_to_an_anchor(document: dict[str, Any]) -> None:
    """Every link within the document names an anchor, and no anchor comes twice."""
    anchors = re.findall(r'<a id="([^"]+)">', document["info"]["description"])
    links = {link for text in _descriptions(document) for link in re.findall(r"\]\(#([^)]+)\)", text)}
    assert links
    assert links <= set(anchors)
    assert len(anchors) == len(set(anchors))
