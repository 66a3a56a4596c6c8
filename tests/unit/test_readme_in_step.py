"""README.md and README.id.md: one text in two languages."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
MARKDOWN = MarkdownIt("commonmark").enable("table")
THE_OTHER = "the other language"

VERBATIM = re.compile(r"(?:`[^`]*`|[^`\w])*|\d{3} `.*|critical|major|minor")
"""A cell without a word of prose; status, code and message of an answer; a severity of the judge."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next heading of whatever level."""

    tokens: list[Token]

    @property
    def title(self) -> str:
        told = self.tokens[1].children or []
        return "".join(token.content for token in told if token.type in {"text", "code_inline"})

    def every(self, kind: str) -> list[Token]:
        """The tokens of that kind, those inside paragraphs and cells included."""
        return [token for token in _deep(self.tokens) if token.type == kind]

    def constants(self) -> Counter[str]:
        """What stands in backticks, each as often as it is there."""
        return Counter(token.content for token in self.every("code_inline"))

    def cells(self) -> list[Token]:
        """Of all tables, row by row."""
        return [cell for before, cell in pairwise(self.tokens) if before.type in {"th_open", "td_open"}]

    def numbers(self, thousands: str) -> Counter[str]:
        """Those outside of backticks and fences, without what sets thousands apart."""
        words = "\n".join(token.content for token in self.every("text"))
        return Counter(_plain(number, thousands) for number in re.findall(r"\d+(?:[.,]\d+)*", words))


@dataclass(frozen=True)
class Readme:
    """One of the two files."""

    name: str
    sections: list[Section]

    def slugs(self) -> list[str]:
        """The anchors that GitHub gives to the headings, in order."""
        seen: Counter[str] = Counter()
        slugs = []
        for section in self.sections:
            slug = re.sub(r"[^\w\- ]", "", section.title.lower()).replace(" ", "-")
            slugs.append(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return slugs


def _deep(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _deep(token.children or [])


def _plain(number: str, thousands: str) -> str:
    grouped = re.fullmatch(rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", number)
    return number.replace(thousands, "") if grouped else number.replace(",", ".")


def _read(name: str) -> Readme:
    tokens = MARKDOWN.parse((ROOT / name).read_text(encoding="utf-8"))
    starts = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    return Readme(name, [Section(tokens[start:end]) for start, end in pairwise([*starts, len(tokens)])])


ENGLISH, INDONESIAN = _read("README.md"), _read("README.id.md")
PAIRS = list(zip(ENGLISH.sections, INDONESIAN.sections, strict=False))
both_sections = pytest.mark.parametrize(
    ("english", "indonesian"), PAIRS, ids=[f"{each.title} / {other.title}" for each, other in PAIRS]
)
each_file = pytest.mark.parametrize("readme", [ENGLISH, INDONESIAN], ids=lambda readme: readme.name)


def _links(section: Section, readme: Readme, other: Readme) -> Counter[str]:
    """Where its links and pictures lead; to a heading, as the place of that heading; to a page, as its name."""
    found = _hrefs(section)
    places = {f"#{slug}": f"section {place}" for place, slug in enumerate(readme.slugs())} | {other.name: THE_OTHER}
    links = (places.get(href, href) for href in [*found, *_pictures(section)])
    return Counter(re.sub(r"^docs/(en|id)/", f"{THE_OTHER}/", link) for link in links)


def _hrefs(section: Section) -> list[str]:
    return [str(token.attrGet("href")) for token in section.every("link_open")]


def _pictures(section: Section) -> list[str]:
    return [str(token.attrGet("src")) for token in section.every("image")]


def _fence(token: Token) -> tuple[str, list[str]]:
    """Its language and its lines; the comments of TOML are prose, but they stand where they stand."""
    lines = token.content.splitlines()
    return token.info, ["".join(line.partition("#")[:2]) if token.info == "toml" else line for line in lines]


def test_the_headings_are_in_step() -> None:
    """Both files have the same headings, level by level."""
    levels = [[section.tokens[0].tag for section in readme.sections] for readme in (ENGLISH, INDONESIAN)]
    assert levels[0] == levels[1]


def test_each_leads_to_the_other() -> None:
    """The line under the title of each file links the other one."""
    for readme, other in ((ENGLISH, INDONESIAN), (INDONESIAN, ENGLISH)):
        first = next(token for token in readme.sections[0].tokens[3:] if token.type == "inline")
        assert [token.attrGet("href") for token in first.children or [] if token.type == "link_open"] == [other.name]


@each_file
def test_an_anchor_is_there(readme: Readme) -> None:
    """Each link to a heading leads to one that its own file has."""
    anchors = {href for section in readme.sections for href in _links(section, readme, readme) if href.startswith("#")}
    assert anchors == set()


@both_sections
def test_the_blocks_are_in_step(english: Section, indonesian: Section) -> None:
    """A section has the same paragraphs, list items, code blocks, table rows and columns, in one order."""
    blocks = [[token.type for token in section.tokens] for section in (english, indonesian)]
    assert blocks[0] == blocks[1]


@both_sections
def test_the_code_blocks_are_the_same(english: Section, indonesian: Section) -> None:
    """Commands, output and configuration are the same, but for the comments of TOML."""
    fences = [[_fence(token) for token in section.every("fence")] for section in (english, indonesian)]
    assert fences[0] == fences[1]


@both_sections
def test_the_constants_are_the_same(english: Section, indonesian: Section) -> None:
    """A section names the same constants, each as often."""
    assert english.constants() == indonesian.constants()


@both_sections
def test_the_cells_are_in_step(english: Section, indonesian: Section) -> None:
    """A cell names the constants of its counterpart, and is the very same if no word of it is prose."""
    for cell, counterpart in zip(english.cells(), indonesian.cells(), strict=True):
        assert Section([cell]).constants() == Section([counterpart]).constants()
        if VERBATIM.fullmatch(cell.content) or VERBATIM.fullmatch(counterpart.content):
            assert cell.content == counterpart.content


@both_sections
def test_the_numbers_are_the_same(english: Section, indonesian: Section) -> None:
    """A section tells the same numbers, 16,384 in one language and 16.384 in the other."""
    assert english.numbers(",") == indonesian.numbers(".")


@both_sections
def test_the_links_are_the_same(english: Section, indonesian: Section) -> None:
    """A section links the same files and addresses, and headings in the same places."""
    assert _links(english, ENGLISH, INDONESIAN) == _links(indonesian, INDONESIAN, ENGLISH)


@each_file
def test_each_page_is_there(readme: Readme) -> None:
    """Each link to a page of the documentation leads to a file of the same language."""
    pages = {href for section in readme.sections for href in _hrefs(section) if href.startswith("docs/")}
    language = "id" if readme is INDONESIAN else "en"
    assert all(page.startswith(f"docs/{language}/") and (ROOT / page).is_file() for page in pages)
