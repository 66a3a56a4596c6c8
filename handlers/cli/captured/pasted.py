"""Text that was pasted: take the request out of Markdown, prose, shell prompts and indentation."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

_FENCE = re.compile(rb"(?m)^[ \t]{0,80}(`{3,}|~{3,})")
_PROMPT = rb"(?:PS |[\w.@~:-]{0,60})?(?:[A-Za-z]:\\[^>\r\n]{0,200}>|[\w.@~:/ -]{0,60}[$#%]|\$)[ \t]+"
_COMMAND = re.compile(rb"(?m)^[ \t]{0,80}(?:" + _PROMPT + rb")?(?:[\w./-]{1,60}/)?(?=(?:curl(?:\.exe)?|wget)(?:\s|\Z))")
_FETCH = re.compile(rb"(?m)^[ \t]{0,80}(?:await[ \t]{1,8})?(?=fetch\()")
_REQUEST_LINE = re.compile(rb"(?m)^(?=[ \t]{0,80}[A-Z]{3,16} (?:\S{1,4096} HTTP/[0-9]|https?://\S|/\S*\s*$))")

_QUOTED = re.compile(rb"(?:>[^\n]*(?:\n|\Z)|[ \t\r]*\n)+")
_QUOTE_MARK = re.compile(rb"(?m)^> ?")

_LONGEST_PROSE = 65_536
"""Bytes before a request that are searched for it."""


def decoded(content: bytes) -> bytes:
    """The text in UTF-8 without a byte order mark. PowerShell on Windows writes UTF-16 for `>`."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode(errors="replace")
    return content.removeprefix(BOM_UTF8)


def unquoted(text: bytes) -> bytes:
    """The text without the `> ` that an e-mail puts before each line of a quotation."""
    return _QUOTE_MARK.sub(b"", text) if _QUOTED.fullmatch(text) else text


def out_of_fences(text: bytes) -> bytes:
    """The fenced blocks of Markdown, with an empty line between them. Text without blocks, or before them a request."""
    if not _FENCE.search(text, 0, _LONGEST_PROSE):
        return text
    blocks: list[bytes] = []
    block: list[bytes] | None = None
    fence = b""
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        if block is None and found:
            block, fence = [], found[1]
        elif block is not None and line.strip() == fence:
            blocks.append(b"".join(block).rstrip(b"\r\n"))
            block = None
        elif block is not None:
            block.append(line)
        elif not blocks and (_REQUEST_LINE.match(line) or _COMMAND.match(line) or line.lstrip().startswith(b"{")):
            return text
    return b"\n\n".join([*blocks, *([b"".join(block)] if block else [])]) if blocks or block else text


def from_request_on(text: bytes) -> bytes:
    """The text from the first curl command, fetch call or request line on. The whole text if there is none."""
    starts = (pattern.search(text, 0, _LONGEST_PROSE) for pattern in (_COMMAND, _FETCH, _REQUEST_LINE))
    found = [each for each in starts if each]
    return _without_indent(text[min(found, key=lambda each: each.start()).end() :]) if found else text


def first_command(text: bytes) -> tuple[bytes, bool]:
    """The curl command or fetch call at the start of the text, and whether another one follows on a later line."""
    ends = [found.start() for pattern in (_COMMAND, _FETCH) if (found := pattern.search(text, 1))]
    return text[: min(ends, default=None)], bool(ends)


def _without_indent(text: bytes) -> bytes:
    """The text without the blanks before its first line, which are also removed from the other lines that have them."""
    indent = text[: len(text) - len(text.lstrip(b" \t"))]
    return re.sub(rb"(?m)^" + indent, b"", text) if indent else text
