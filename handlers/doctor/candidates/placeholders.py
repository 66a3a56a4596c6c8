"""Words that stand in a header where a program had no value, or where a person did not fill one in."""

import re

_PLACEHOLDER = re.compile(
    r"""
    undefined | null | none | nil | nan | true | false | string | object | array | promise | \(null\)
    | \[object\ \w+\] | \[B@[0-9a-f]{1,8} | System\.Byte\[\] | Promise\ \{.{0,20}\}
    | \{\{?[\w .-]*\}?\} | \$\{?[A-Za-z_][\w.]*\}? | \#\{\w+\} | %s | %[A-Za-z_]+%
    | <[A-Za-z_][\w -]*> | \.{3} | x{3,} | \*{3,}
    | (?:your|my|the)?[\ _-]?(?:b2b)?[\ _-]?(?:access)?[\ _-]?(?:token|signature|sign)(?:[\ _-]here)?
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_LONGEST = 40
"""Characters. A longer value is no placeholder."""


def placeholder(text: str) -> str:
    """Return the text if it is a placeholder such as `undefined` or `{{accessToken}}`, else an empty string."""
    return text if len(text) <= _LONGEST and _PLACEHOLDER.fullmatch(text) else ""
