"""What of a request is secret by the place where it stands: it is not shown from another place."""

from collections.abc import Iterator

from handlers.doctor.question import SECRET
from handlers.doctor.request import Request
from handlers.snap.masking import SHORTEST, Known

_PLACES = {"Authorization": "access token", "X-SIGNATURE": "signature", SECRET: "internal secret"}
_LONGEST = 4_096
"""Characters; of more, the beginning tells it as well."""


def presented(request: Request) -> Iterator[Known]:
    """Its token, its signature, and the proxy's secret, whether they are good or not."""
    for asked in filter(None, (request, request.question)):
        for header, name in _PLACES.items():
            for value in asked.all(header):
                secret = value[:_LONGEST].removeprefix("Bearer ").strip()
                if len(secret) >= SHORTEST:
                    yield name, secret.encode(errors="replace")
