"""Content-Type and Content-Encoding of a body: of what kind it is, and that it is sent as it is."""

import re
from functools import lru_cache

from werkzeug.http import parse_options_header

from handlers.snap.codes import UNSUPPORTED_MEDIA_TYPE, SnapError
from handlers.snap.masking import masked_prefix

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

LONGEST = 255
"""Characters of a Content-Type. Type and subtype have at most 127 each (RFC 6838, section 4.2)."""

_LONGEST_SHOWN = 80

# Not looked up in Python's codecs, which remember every name that they are asked for.
_UTF8 = frozenset({"utf-8", "utf8", "utf_8"})

# The grammar of RFC 9110, sections 8.3.1 and 5.6.6: Werkzeug accepts more. No two parts can match the same space, so
# matching is linear. No possessive repeats: before 3.11.5 Python handles nested ones wrongly (CPython, gh-106052).
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  a token of HTTP
_QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_PARAMETER = rf"{_TOKEN}=(?:{_TOKEN}|{_QUOTED})"
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;(?:[ \t]*{_PARAMETER})?)*[ \t]*")
_PARAMETERS = re.compile(_PARAMETER)


@lru_cache
def require_media_type(wanted: str, content_type: str, content_encoding: str) -> None:
    """Clients write `application/json` in any case, with any name of UTF-8 as charset, or leave it out.

    An empty value counts as absent, as with every header. An empty parameter (`application/json;`) is allowed by the
    grammar; a parameter that comes twice is an error (RFC 6838, section 4.3).

    Raises:
        SnapError: 415 00, another media type or none, another charset, or a body that is compressed.
    """
    if content_type and not _is_utf8_of(wanted, content_type):
        raise SnapError(UNSUPPORTED_MEDIA_TYPE, reason="media_type.wrong", cause=_shown(content_type))
    if content_encoding:
        raise SnapError(UNSUPPORTED_MEDIA_TYPE, reason="content_encoding.present", cause=_shown(content_encoding))


def _is_utf8_of(wanted: str, content_type: str) -> bool:
    if len(content_type) > LONGEST or not _MEDIA_TYPE.fullmatch(content_type):
        return False
    media_type, options = parse_options_header(content_type)
    is_each_once = len(options) == len(_PARAMETERS.findall(content_type))
    return media_type.lower() == wanted and is_each_once and options.get("charset", "utf-8").lower() in _UTF8


def _shown(value: str) -> str:
    return masked_prefix(value, _LONGEST_SHOWN).encode("ascii", "replace").decode()
