"""Content-Type and Content-Encoding: a body must have the expected media type, and must not be compressed."""

import re
from functools import lru_cache

from werkzeug.http import parse_options_header

from handlers.snap.codes import UNSUPPORTED_MEDIA_TYPE, SnapError
from handlers.snap.masking import masked_prefix

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

LONGEST = 255
"""The most characters of a Content-Type. Type and subtype have at most 127 each (RFC 6838, section 4.2)."""

_LONGEST_SHOWN = 80

# Python's codec registry is not used, because it caches every name that it looks up.
_UTF8 = frozenset({"utf-8", "utf8", "utf_8"})

# The grammar of RFC 9110, sections 8.3.1 and 5.6.6. Werkzeug accepts more. Only one part can match each space, so
# matching takes linear time. Possessive repeats are not used: Python before 3.11.5 handles nested ones wrongly
# (CPython, gh-106052).
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  a token in the sense of HTTP
_QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_PARAMETER = rf"{_TOKEN}=(?:{_TOKEN}|{_QUOTED})"
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;(?:[ \t]*{_PARAMETER})?)*[ \t]*")
_PARAMETERS = re.compile(_PARAMETER)


@lru_cache
def require_media_type(expected: str, content_type: str, content_encoding: str) -> None:
    """Check the media type. Clients write it in any case, with any name of UTF-8 as charset, or leave it out.

    An empty value counts as absent, as for every header. The grammar allows an empty parameter (`application/json;`).
    A parameter that comes twice is an error (RFC 6838, section 4.3).

    Raises:
        SnapError: 415 00 for another or a malformed media type, another charset, or a compressed body.
    """
    if content_type and not _matches(expected, content_type):
        raise SnapError(UNSUPPORTED_MEDIA_TYPE, reason="media_type.wrong", cause=_printable_prefix(content_type))
    if content_encoding:
        raise SnapError(
            UNSUPPORTED_MEDIA_TYPE, reason="content_encoding.present", cause=_printable_prefix(content_encoding)
        )


def _matches(expected: str, content_type: str) -> bool:
    if len(content_type) > LONGEST or not _MEDIA_TYPE.fullmatch(content_type):
        return False
    media_type, options = parse_options_header(content_type)
    has_no_duplicates = len(options) == len(_PARAMETERS.findall(content_type))
    return media_type.lower() == expected and has_no_duplicates and options.get("charset", "utf-8").lower() in _UTF8


def _printable_prefix(value: str) -> str:
    return masked_prefix(value, _LONGEST_SHOWN).encode("ascii", "replace").decode()
