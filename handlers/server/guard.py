"""What must hold of a request before the document's own rules are asked: single-valued headers, media type, size."""

import codecs
from collections.abc import Iterable

from starlette.types import Receive
from werkzeug.http import parse_options_header

from handlers.snap.codes import BAD_REQUEST, CONTENT_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, SnapError

LARGEST_BODY = 16_384
"""Bytes. A token request has about 60."""

Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""


def single_valued(headers: Headers, names: frozenset[bytes]) -> dict[bytes, str]:
    """The headers of these names, each at most once: who takes the first of two and who takes the last disagree.

    Raises:
        SnapError: 400 00, one of them comes twice.
    """
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name not in names:
            continue
        if name in found:
            raise SnapError(BAD_REQUEST, reason="header.duplicated", header=name.decode())
        found[name] = value.decode("latin-1")
    return found


def require_json(content_type: str) -> None:
    """Clients write `application/json` in any case, with any name of UTF-8 as charset, or leave it out.

    Raises:
        SnapError: 415 00.
    """
    media_type, options = parse_options_header(content_type)
    charset = options.get("charset", "utf-8")
    if media_type.lower() not in {"", "application/json"} or not _is_utf8(charset):
        raise SnapError(UNSUPPORTED_MEDIA_TYPE, reason="media_type.wrong")


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False


async def read_body(receive: Receive) -> bytes:
    """The whole body, chunked or not.

    Raises:
        SnapError: 413 00, at the first byte too many, the rest is not read; 400 00, the client left before the end.
    """
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SnapError(BAD_REQUEST, reason="body.incomplete")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise SnapError(CONTENT_TOO_LARGE, reason="body.too_large")
    return bytes(body)
