"""Words that stand in a header where a program had no value, where a person filled in none, or where a tool hid it."""

import re

_STYLE = re.IGNORECASE | re.VERBOSE | re.ASCII
_MASK = re.compile(
    r"""
    \$\([^\n]{1,200}\) | %[A-Z_]\w{0,60}% | \*{3,} | x{3,} | \.{3} | \u2026 | \xe2\x80\xa6
    | \[?(?:redacted|masked|removed|hidden|filtered)\b[^\]\n]{0,40}\]?
    """,
    _STYLE,
)
"""A shell's text for a value, or what a tool writes to hide one. A UTF-8 character may be read as three of Latin-1."""

_NAME = re.compile(
    r"""
    undefined | null | none | nil | nan | true | false | string | object | array | promise | \(null\)
    | \[object\ \w+\] | \[B@[0-9a-f]{1,8} | System\.Byte\[\] | Promise\ \{.{0,20}\}
    | \{\{?[\w .-]*\}?\} | \$\{?[A-Za-z_][\w.]*\}? | \#\{\w+\} | %s | <[A-Za-z_][\w -]*>
    | (?:your|my|the)?[\ _-]?(?:b2b)?[\ _-]?(?:access)?[\ _-]?(?:token|signature|sign)(?:[\ _-]here)?
    """,
    _STYLE,
)
_LONGEST = 40
"""Characters. A longer value is no placeholder."""


def is_mask(text: str) -> bool:
    """Whether the text stands for a value that a capture does not show, such as `%SIGNATURE%` or `***`."""
    return _MASK.fullmatch(text) is not None


def placeholder(text: str) -> str:
    """Return the text if it is a placeholder such as `undefined` or `{{accessToken}}`, else an empty string."""
    return text if len(text) <= _LONGEST and (_NAME.fullmatch(text) or is_mask(text)) else ""
