"""How the body of an answer deviates from JSON (RFC 8259). Real clients fail on what tolerant parsers accept.

Each function returns the deviation, or an empty string.
"""

import json
from collections.abc import Mapping
from typing import Any, Never

from werkzeug.http import parse_options_header

from handlers.judge.redaction import redacted

_COMMENTS = ("//", "/*", "#")
_UTF_8 = frozenset({"utf-8", "utf8"})


def lenient_members(body: bytes) -> Mapping[str, Any]:
    """The members of the JSON object in the body. Empty if there is no object.

    It reads what the most tolerant client would read, so that no issued token stays unseen.
    """
    try:
        value, _ = json.JSONDecoder().raw_decode(_text(body))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def encoding_mistake(body: bytes, content_type: str) -> str:
    """JSON is UTF-8, and a sender must not add a byte order mark (RFC 8259, 8.1)."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8-sig":
        return "the body begins with a byte order mark (BOM)"
    if encoding != "utf-8":
        return f"the body is text in {encoding.upper()[:6]}, not in UTF-8"
    charset = parse_options_header(content_type)[1].get("charset", "utf-8")
    if charset.lower() not in _UTF_8:
        return f"Content-Type has charset={redacted(charset)}, not UTF-8"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"the body is not text in UTF-8: byte {error.start + 1} is 0x{body[error.start]:02X}"
    return ""


def syntax_mistake(body: bytes) -> str:
    """The body is one JSON value, without comments, text behind it, NaN or Infinity (RFC 8259, 2 and 6)."""
    try:
        _STRICT.decode(_text(body))
    except json.JSONDecodeError as error:
        return f"the body is not JSON: {_cause(error)}"
    except (ValueError, RecursionError) as error:
        return f"the body is not JSON: {error}"
    return ""


def duplicate_member(body: bytes) -> str:
    """No object has two members of one name (RFC 8259, 4). Clients differ in which of the two they read."""
    duplicates: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        duplicates.extend(name for place, name in enumerate(names) if name in names[:place])
        return dict(pairs)

    try:
        json.JSONDecoder(object_pairs_hook=collect).raw_decode(_text(body))
    except (ValueError, RecursionError):
        return ""
    return f"the body has the member {redacted(duplicates[0])} twice" if duplicates else ""


def content_encoding_mistake(content_encoding: str) -> str:
    """The answer is not compressed, because the judge does not accept compression (RFC 9110, 12.5.3)."""
    if content_encoding.strip().lower() in {"", "identity"}:
        return ""
    return f"the answer has Content-Encoding {redacted(content_encoding)}, which the request did not accept"


def _text(body: bytes) -> str:
    return body.decode(json.detect_encoding(body), "replace").strip()


def _cause(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].lstrip()
    if rest.startswith(_COMMENTS):
        return "it has a comment"
    if error.msg == "Extra data":
        return "text follows the JSON value"
    return f"{error.msg} at character {error.pos + 1}" if error.doc else "it is empty"


def _refuse(literal: str) -> Never:
    message = f"{literal} is no number of JSON"
    raise ValueError(message)


_STRICT = json.JSONDecoder(parse_constant=_refuse)
