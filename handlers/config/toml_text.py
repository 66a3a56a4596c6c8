"""Read a TOML file. If it is not TOML, the message says where and what the likely cause is."""

import re
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any

from handlers.config.file_content import read_text

_UTF_16 = "it is text in UTF-16; save it as UTF-8"
_BACKSLASH = "in double quotes, a backslash begins an escape; write / in a path, or use single quotes"
_UNCLOSED = "a quotation mark is not closed"

_WHOLE_TEXT = (
    (r"\A\s*[{]", "it is JSON; in TOML, a table is [server], and a key is port = 8080"),
    (r"\A\s*<(?!<)", "it is XML or HTML; in TOML, a table is [server], and a key is port = 8080"),
    (r"\A\s*-----BEGIN", "it is a key or a certificate; name the settings file"),
    (r"\x00", _UTF_16),
    (r"(?m)^(<{7}|>{7}) ", "it has conflict markers of git; keep one version"),
)
"""Patterns of the whole text, and causes."""

_LINE = (
    ("Cannot overwrite", r"^\s*\[", "the table is there as [name] and as [[name]]; write all of them as [[name]]"),
    ("Cannot overwrite", "", "this key is already set above; keep one of the two"),
    (
        "Cannot declare",
        "",
        "this table is already there above; put its keys below one heading, or write [[name]] for a list",
    ),
    ("", "[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]", "it has curly quotes; write straight quotes"),
    (
        "",
        "[\u00a0\u2000-\u200b\u202f\u2060\u3000\ufeff]",
        "a blank in this line is not an ordinary space; type it again",
    ),
    ("", r"\r.", "its lines end with CR only; save it with LF or CRLF"),
    ("Unescaped|Invalid hex|Escaped character", "", _BACKSLASH),
    (r"Illegal character '\\n'|Unterminated|Expected \"'\"", "", _UNCLOSED),
    ("Unclosed array", "", "a list is not closed with ], or a comma is missing in it"),
    (
        r"Expected '\]|Expected newline",
        r"^\s*\[",
        "the heading of a table is not closed; write [name], or [[name]] for a list of tables",
    ),
    ("Invalid initial character for a key part", r"\{", "an inline table must be on one line; write [name] instead"),
    ("", r"^\s*(//|;|/\*|--(?!-))", "a comment must begin with #"),
    ("", r"^---|^\s*-\s|^\s*[\"']?[\w.-]+[\"']?\s*:(\s|$)", "it looks like YAML; in TOML, a key is port = 8080"),
    ("", r"^\s*(export|set|let)\s", "a line must begin with its key; leave out the word before it"),
    ("", r"=\s*(?i:true|false|yes|no|on|off)\s*(#|$)", "write true or false, in lower case"),
    ("", r"=\s*(?i:none|null|nil)\b", "a key without a value must be left out"),
    ("", r"=\s*(#|$)", "the value is missing"),
    ("", r"^\s*=", "the key is missing"),
    ("", r"=\s*\$", "variables are not expanded here; set an environment variable SNAP_TOKEN__TABLE__KEY instead"),
    ("Expected '='", r"^[^=]*[^\x00-\x7f]", "a key has only the letters A to Z, digits, _ and -"),
    ("", r"^[^\"'#]*=\s*[^\"'#]*\s[\w.-]+\s*=", "each key must be on its own line"),
    ("Expected newline", r"[;,]\s*(#|$)", "a line must not end with ; or ,"),
    ("", r"=\s*0[0-9]", 'a number must not begin with 0; text of digits needs quotes, such as "05"'),
    ("", r"=\s*[^\s\"'\[{]", 'text needs quotes, such as host = "127.0.0.1"; a number has digits only'),
    ("Expected '='", "", "write a key and its value as: port = 8080"),
    (
        "Expected newline",
        "",
        "only a comment may follow the value; text that has quotes needs the other kind around it",
    ),
)
"""Patterns of tomllib's message and of the line with the mistake, and causes. The first that matches is the cause."""

_WINDOWS_PATH = re.compile(r"""(?m)^[^#"'\n]{1,200}"[A-Za-z]:\\[^\\]""")
_LONGEST_LINE = 200
"""Characters of the line with the mistake that are examined."""


def read_toml(file: Path, name: Path) -> dict[str, Any]:
    """The tables of a file. `name` is the name of the file in messages.

    Raises:
        ValueError: The file cannot be read, or is not TOML. The message has the name, the cause, and the line
            and column if they are known.
        TimeoutError: The file system did not answer in time. The message has the path and the cause.
    """
    text = _text(file, name)
    tables = _parsed(text, name)
    windows_path = _WINDOWS_PATH.search(text)
    if windows_path:
        message = f"{name}: {_BACKSLASH} (at line {text.count(chr(10), 0, windows_path.end()) + 1})"
        raise ValueError(message)
    return tables


def _text(file: Path, name: Path) -> str:
    try:
        return read_text(file)
    except ValueError as error:
        cause = error.__cause__
        if not isinstance(cause, UnicodeDecodeError):
            raise
        message = f"{name} cannot be read: {_encoding(cause)}"
        raise ValueError(message) from error


def _encoding(error: UnicodeDecodeError) -> str:
    if error.object.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return _UTF_16
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"it is not text in UTF-8; save it as UTF-8 (at line {line})"


def _parsed(text: str, name: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{name} is not TOML: {_with_cause(str(error), text)}"
        raise ValueError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{name} cannot be read: a number in it is too long, or tables or lists are nested too deeply"
        raise ValueError(message) from error


def _with_cause(error: str, text: str) -> str:
    """The likely cause and the place of a mistake. Neither repeats a value, which may be a secret."""
    found, _, place = error.rpartition(" (")
    number = re.match(r"at line ([0-9]+)", place)
    lines = text.rstrip().split("\n")
    line = lines[int(number[1]) - 1 if number else -1].removesuffix("\r")[:_LONGEST_LINE]
    causes = [cause for pattern, cause in _WHOLE_TEXT if re.search(pattern, text)]
    causes += [cause for of_error, of_line, cause in _LINE if re.search(of_error, found) and re.search(of_line, line)]
    return f"{[*causes, found][0]} ({place}"
