"""Split a command line into words by the rules of sh, bash, or of cmd or PowerShell of Windows."""

import re
from collections.abc import Iterator
from itertools import chain

MAX_WORDS = 4_096
"""Words of a command. A header needs two words, and the server accepts 64 headers."""

_CMD = re.compile(r"\A\S+\s+\^\"|\^\r?\n")
_POWERSHELL = re.compile(r"`\r?\n")
_BACKTICK = re.compile(r"`(?:\r?\n|(.))")
_CARET = re.compile(r"\^(?:\r?\n(\r?\n)?|(.))")
# A quotation mark that is not closed matches nothing. A lookahead within `++` is a bug of Python before 3.11.5.
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
_DOUBLE_ESCAPE = re.compile(r'\\(?:\r?\n|([$`"\\]))')
_BASH_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{1,4})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROL = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def words(line: str) -> list[str]:
    """The words of the first command, in linear time. Variables are not expanded.

    `line` and the words hold bytes, decoded as Latin-1.

    Raises:
        ValueError: a quotation mark is not closed, or there are more than MAX_WORDS words.
    """
    found: list[str] = []
    word: list[str] = []
    for kind, text in chain(_parts(_for_sh(line)), [("space", "")]):
        if kind != "space":
            word.append(text)
        elif word:
            found.append("".join(word))
            word = []
            if len(found) > MAX_WORDS:
                message = f"it has more than {MAX_WORDS} words"
                raise ValueError(message)
    return found


def _for_sh(line: str) -> str:
    """The command as sh writes it. A caret (cmd) or a backtick (PowerShell) quotes the next character or line end."""
    if _CMD.search(line):
        return _CARET.sub(lambda caret: caret[1] or caret[2] or " ", line)
    if _POWERSHELL.search(line):
        return _BACKTICK.sub(lambda backtick: '\\"' if backtick[1] == '"' else backtick[1] or " ", line)
    return line


def _parts(line: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(line):
        part = _PART.match(line, position)
        if not (part and part.lastgroup):
            message = "a quotation mark is not closed"
            raise ValueError(message)
        if part.lastgroup == "end":
            return
        position = part.end()
        yield _unescaped(part.lastgroup, part[part.lastgroup])


def _unescaped(kind: str, text: str) -> tuple[str, str]:
    match kind:
        case "break":  # A space, because the space before a continued line is often lost when a command is pasted.
            return "space", text
        case "escaped":
            return kind, _ESCAPED.sub(r"\1", text)
        case "double":
            return kind, _DOUBLE_ESCAPE.sub(lambda escape: escape[1] or "", text)
        case "bash":
            return kind, _BASH_ESCAPE.sub(_bash_character, text)
    return kind, text


def _bash_character(escape: re.Match[str]) -> str:
    """The character of an escape in `$'...'` (bash, ANSI-C quoting), which browsers write for other than plain text."""
    if escape[1]:
        return chr(int(escape[1], 16)).encode("utf-8", "surrogatepass").decode("latin-1")
    if escape[4]:
        return _CONTROL.get(escape[4], escape[4] if escape[4] in "\\'\"?" else escape[0])
    return chr(int(escape[2], 16) if escape[2] else int(escape[3], 8) % 256)
