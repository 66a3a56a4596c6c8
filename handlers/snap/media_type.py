"""Content-Type and Content-Encoding of a body: of what kind it is, and that it is sent as it is."""

from functools import lru_cache

from werkzeug.http import parse_options_header

from handlers.snap.codes import UNSUPPORTED_MEDIA_TYPE, SnapError
from handlers.snap.masking import beginning

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_LONGEST_SHOWN = 80

# Not looked up in Python's codecs, which remember every name that they are asked for.
_UTF8 = frozenset({"utf-8", "utf8", "utf_8"})


@lru_cache
def require_media_type(wanted: str, content_type: str, content_encoding: str) -> None:
    """Clients write `application/json` in any case, with any name of UTF-8 as charset, or leave it out.

    Raises:
        SnapError: 415 00, another media type, another charset, or a body that is compressed.
    """
    media_type, options = parse_options_header(content_type)
    charset = options.get("charset", "utf-8").lower()
    if media_type.lower() not in {"", wanted} or charset not in _UTF8 or not content_type.isascii():
        raise SnapError(UNSUPPORTED_MEDIA_TYPE, reason="media_type.wrong", cause=_shown(content_type))
    if content_encoding:
        raise SnapError(UNSUPPORTED_MEDIA_TYPE, reason="content_encoding.present", cause=_shown(content_encoding))


def _shown(value: str) -> str:
    return beginning(value, _LONGEST_SHOWN).encode("ascii", "replace").decode()
