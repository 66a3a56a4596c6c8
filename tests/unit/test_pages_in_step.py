"""The README and the pages of the documentation: one text in two languages, with links that lead somewhere."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.pages import ROOT

MARKDOWN = MarkdownIt("commonmark").enable("table")
MOST_LINES, LONGEST_LINE = 150, 120

VERBATIM = re.compile(r"(?:`[^`]*`|[^`\w])*|\d{3} `.*|critical|major|minor")
"""A cell without prose; status, code and message of an answer; a severity of the judge."""


@dataclass(frozen=True)
class Section:
    """A heading and the text below it, up to the next heading of any level."""

    tokens: list[Token]

    @property
    def title(self) -> str:
        parts = self.tokens[1].children or []
        return "".join(token.content for token in parts if token.type in {"text", "code_inline"})

    def every(self, kind: str) -> list[Token]:
        """The tokens of that kind, also inside paragraphs and cells."""
        return [token for token in _deep(self.tokens) if token.type == kind]

    def constants(self) -> Counter[str]:
        """The texts in backticks, and how often each occurs."""
        return Counter(token.content for token in self.every("code_inline"))

    def cells(self) -> list[Token]:
        """The cells of all tables, row by row."""
        return [cell for before, cell in pairwise(self.tokens) if before.type in {"th_open", "td_open"}]

    def numbers(self, thousands: str) -> Counter[str]:
        """The numbers outside of backticks and code blocks, without the thousands separator."""
        words = "\n".join(token.content for token in self.every("text"))
        return Counter(_plain(number, thousands) for number in re.findall(r"\d+(?:[.,]\d+)*", words))


@dataclass(frozen=True)
class Document:
    """A README or a page."""

    path: Path
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


@cache
def _read(path: Path) -> Document:
    tokens = MARKDOWN.parse(path.read_text(encoding="utf-8"))
    starts = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    return Document(path, [Section(tokens[start:end]) for start, end in pairwise([*starts, len(tokens)])])


def _twin(path: Path) -> Path:
    """The same document in the other language; any other file is its own twin."""
    if path in READMES:
        return READMES[1 - READMES.index(path)]
    other = {"en": "id", "id": "en"}.get(path.parent.name, path.parent.name)
    return path.parents[1] / other / path.name


READMES = [ROOT / "README.md", ROOT / "README.id.md"]
PAGES = {language: sorted((ROOT / "docs" / language).glob("*.md")) for language in ("en", "id")}
PAIRS = [(_read(path), _read(_twin(path))) for path in (READMES[0], *PAGES["en"]) if _twin(path).exists()]
SECTIONS = [
    pytest.param(english, indonesian, id=f"{pair[0].path.name}: {english.title} / {indonesian.title}")
    for pair in PAIRS
    for english, indonesian in zip(*(document.sections for document in pair), strict=False)
]
both_sections = pytest.mark.parametrize(("english", "indonesian"), SECTIONS)
both_documents = pytest.mark.parametrize(("english", "indonesian"), PAIRS, ids=[pair[0].path.name for pair in PAIRS])
each_document = pytest.mark.parametrize(
    "document", [document for pair in PAIRS for document in pair], ids=lambda each: str(each.path.relative_to(ROOT))
)


def _places(document: Document) -> Counter[str]:
    """The targets of links and pictures. Files of both languages count as the same, and headings by their position."""
    return Counter(_place(document, href) for section in document.sections for href in _targets(section))


def _place(document: Document, href: str) -> str:
    path, _, anchor = href.partition("#")
    target = (document.path.parent / path).resolve() if path else document.path
    if "://" in href or not anchor:
        return href if "://" in href else str(min(target, _twin(target)))
    return f"{min(target, _twin(target))} section {_read(target).slugs().index(anchor)}"


def _targets(section: Section) -> list[str]:
    return [
        *(str(token.attrGet("href")) for token in section.every("link_open")),
        *(str(token.attrGet("src")) for token in section.every("image")),
    ]


def _fence(token: Token) -> tuple[str, list[str]]:
    """The language and the lines of a code block, without prose: comments of TOML, and directives for Sphinx."""
    language, _, _ = token.info.partition(" ")
    lines = [] if language in {"{include}", "{toctree}"} else token.content.splitlines()
    return language, ["".join(line.partition("#")[:2]) if language == "toml" else line for line in lines]


def test_each_page_is_there_in_both_languages() -> None:
    """Both languages have the same pages, under the same names."""
    assert [page.name for page in PAGES["en"]] == [page.name for page in PAGES["id"]]


@pytest.mark.parametrize("readme", READMES, ids=lambda readme: str(readme.name))
def test_a_readme_is_short(readme: Path) -> None:
    """A README has at most 150 lines of at most 120 characters."""
    lines = readme.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("readme", READMES, ids=lambda readme: str(readme.name))
def test_a_readme_leads_to_the_other(readme: Path) -> None:
    """The line under the title of each README links the other one."""
    first = next(token for token in _read(readme).sections[0].tokens[3:] if token.type == "inline")
    links = [token.attrGet("href") for token in first.children or [] if token.type == "link_open"]
    assert links == [_twin(readme).name]


@both_documents
def test_the_headings_are_in_step(english: Document, indonesian: Document) -> None:
    """Both languages have the same headings, level by level."""
    levels = [[section.tokens[0].tag for section in document.sections] for document in (english, indonesian)]
    assert levels[0] == levels[1]


@both_documents
def test_the_links_are_the_same(english: Document, indonesian: Document) -> None:
    """Both languages link the same files and addresses, and headings in the same places."""
    assert _places(english) == _places(indonesian)


@each_document
def test_each_link_leads_somewhere(document: Document) -> None:
    """The file and the heading of each link exist, and a page links only pages of its own language."""
    for href in (href for section in document.sections for href in _targets(section) if "://" not in href):
        path, _, anchor = href.partition("#")
        target = (document.path.parent / path).resolve() if path else document.path
        assert target.exists(), href
        assert not anchor or anchor in _read(target).slugs(), href
        assert _language(target) in {None, _language(document.path)} or document.path in READMES, href


def _language(path: Path) -> str | None:
    """The language of a page. None for a file in no language folder."""
    return path.parent.name if path.suffix == ".md" and path.parent.name in PAGES else None


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
