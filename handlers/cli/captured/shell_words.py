"""The words of a command line, as the shell for which it was written makes them: sh, bash, or Windows' cmd."""

import re
from collections.abc import Iterator
from itertools import chain

MOST_WORDS = 4_096
"""Words of a command. Each header needs two, and the server accepts 64 headers."""

_CMD = re.compile(r"\A\S+\s+\^\"|\^\r?\n")
_CARET = re.compile(r"\^(?:\r?\n(\r?\n)?|(.))")
# A quotation mark that is not closed fits nothing. No `++` holds a look ahead: Python before 3.11.5 goes wrong there.
_PART = re.compile(
    r"""
    (?P<space>\s+)
    | '(?P<plain>[^']*)'
    | \$'(?P<bash>(?:[^'\\]|\\.)*+)'
    | "(?P<double>(?:[^"\\]|\\.)*+)"
    | \\(?P<break>\r?\n)
    | (?P<escaped>(?:\\[^\r\n])++|\\\r)
    | (?P<end>[|;&<>]|(?<!\S)\#)
    | (?P<bare>(?:[^\s'"\\|;&<>$]|\$[^\s'"\\|;&<>$])++|\$+(?!'))
    """,
    re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_IN_DOUBLE = re.compile(r'\\(?:\r?\n|([$`"\\]))')
_IN_BASH = re.compile(r"\\(?:u([0-9A-Fa-f]{1,4})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROL = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def words(line: str) -> list[str]:
    """The words of the first command; `line` holds bytes as Latin-1, and so do they. Variables stay as they are.

    Takes linear time.

    Raises:
        ValueError: a quotation is not closed, or there are over 4,096 words.
    """
    found: list[str] = []
    word: list[str] = []
    for kind, text in chain(_parts(_without_carets(line) if _CMD.search(line) else line), [("space", "")]):
        if kind != "space":
            word.append(text)
        elif word:
            found.append("".join(word))
            word = []
            if len(found) > MOST_WORDS:
                message = f"it has over {MOST_WORDS} words"
                raise ValueError(message)
    return found


def _without_carets(line: str) -> str:
    """As cmd reads it: a caret takes the character after it literally, and at the end of a line goes on."""
    return _CARET.sub(lambda caret: caret[1] or caret[2] or " ", line)


def _parts(line: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(line):
        part = _PART.match(line, place)
        if not (part and part.lastgroup):
            message = "a quotation is not closed"
            raise ValueError(message)
        if part.lastgroup == "end":
            return
        place = part.end()
        yield _read(part.lastgroup, part[part.lastgroup])


def _read(kind: str, text: str) -> tuple[str, str]:
    match kind:
        case "break":  # As if it were a space: who pastes a command has often lost the one before it.
            return "space", text
        case "escaped":
            return kind, _ESCAPED.sub(r"\1", text)
        case "double":
            return kind, _IN_DOUBLE.sub(lambda escape: escape[1] or "", text)
        case "bash":
            return kind, _IN_BASH.sub(_in_bash, text)
    return kind, text


def _in_bash(escape: re.Match[str]) -> str:
    """`$'...'` (bash, ANSI-C quoting), as browsers write what is no plain text."""
    if escape[1]:
        return chr(int(escape[1], 16)).encode("utf-8", "surrogatepass").decode("latin-1")
    if escape[4]:
        return _CONTROL.get(escape[4], escape[4] if escape[4] in "\\'\"?" else escape[0])
    return chr(int(escape[2], 16) if escape[2] else int(escape[3], 8) % 256)
