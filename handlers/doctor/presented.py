"""Values of a request that are secret because of their header. If one stands elsewhere too, it is masked there."""

from collections.abc import Iterator

from handlers.doctor.question import SECRET
from handlers.doctor.request import Request
from handlers.snap.masking import SHORTEST, NamedSecret

_PLACES = {"Authorization": "access token", "X-SIGNATURE": "signature", SECRET: "internal secret"}
_LONGEST = 4_096
"""Characters of a header that are read; the beginning of a longer one is enough."""


def presented(request: Request) -> Iterator[NamedSecret]:
    """Its token, its signature, and the proxy's secret, valid or not."""
    for asked in filter(None, (request, request.question)):
        for header, name in _PLACES.items():
            for value in asked.all(header):
                secret = value[:_LONGEST].removeprefix("Bearer ").strip()
                if len(secret) >= SHORTEST:
                    yield name, secret.encode(errors="replace")
