"""One request and what becomes of it, on its way through the middleware stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.http.response import Response

EXCHANGE = "snap_token.exchange"
"""The key of the exchange in the scope."""


@dataclass(slots=True)
class Exchange:
    """What one middleware learns and another one needs.

    `notes` fill while the request is decided. `arguments` are for the function. `event` is what the log says of a
    success.
    """

    request_id: str
    notes: Mapping[str, object]
    headers: RequestHeaders
    arguments: dict[str, object] = field(default_factory=dict)
    response: Response | None = None
    event: str | None = None
    error: Exception | None = None
