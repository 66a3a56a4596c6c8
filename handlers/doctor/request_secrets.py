"""The secrets that a request carries in its headers, so that they are masked wherever else they appear."""

import re
from collections.abc import Iterator

from handlers.doctor.authorize_request import SECRET_HEADER
from handlers.doctor.checks import authorization_header
from handlers.doctor.request import Request
from handlers.snap.masking import SHORTEST, NamedSecret

_SECRET_HEADERS = {
    "Authorization": "access token",
    "X-SIGNATURE": "signature",
    "X-CLIENT-SECRET": "client secret",
    SECRET_HEADER: "internal secret",
}
_LONGEST = 4_096
"""Characters of a header value. Of a longer value, only its beginning is masked elsewhere."""

_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20}")
"""The beginning of base64 or of hexadecimal digits. The names of algorithms are shorter."""


def secrets_in(request: Request) -> Iterator[NamedSecret]:
    """Yield the token, the signature and other secrets in the headers of a request, valid or not, with their names."""
    for each in filter(None, (request, request.authorize_request)):
        for header, name in _SECRET_HEADERS.items():
            for value in each.all(header):
                yield from _named(name, _without_words(header, value[:_LONGEST]).strip())
        yield from _named("access token", authorization_header.read(each.get("Authorization")).token)


def _without_words(header: str, value: str) -> str:
    """Return a header value without the words in front of the secret. A message may show these words."""
    if header == "X-SIGNATURE":
        encoded = _ENCODED.search(value)
        return value[encoded.start() :] if encoded else value
    return authorization_header.without_scheme(value) if header == "Authorization" else value.removeprefix("Bearer ")


def _named(name: str, secret: str) -> Iterator[NamedSecret]:
    if len(secret) >= SHORTEST:
        yield name, secret.encode(errors="replace")
