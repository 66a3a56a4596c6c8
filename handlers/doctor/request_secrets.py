"""The secrets that a request carries in its headers, so that they are masked wherever else they appear."""

from collections.abc import Iterator

from handlers.doctor.authorize_request import SECRET_HEADER
from handlers.doctor.checks import authorization_header
from handlers.doctor.request import Request
from handlers.snap.masking import SHORTEST, NamedSecret

_SECRET_HEADERS = {"Authorization": "access token", "X-SIGNATURE": "signature", SECRET_HEADER: "internal secret"}
_LONGEST = 4_096
"""Characters of a header value. Of a longer value, only the masked_prefix is masked elsewhere."""


def secrets_in(request: Request) -> Iterator[NamedSecret]:
    """Yield the token, the signature and the proxy's secret of a request, valid or not, each with its name."""
    for each in filter(None, (request, request.authorize_request)):
        for header, name in _SECRET_HEADERS.items():
            for value in each.all(header):
                yield from _named(name, value[:_LONGEST].removeprefix("Bearer ").strip())
        yield from _named("access token", authorization_header.read(each.get("Authorization")).token)


def _named(name: str, secret: str) -> Iterator[NamedSecret]:
    if len(secret) >= SHORTEST:
        yield name, secret.encode(errors="replace")
