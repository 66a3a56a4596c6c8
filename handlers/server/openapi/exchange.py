"""One request and its response, on the way through the middleware stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.http.response import Response

EXCHANGE = "snap_token.exchange"
"""The key of the exchange in the scope."""


@dataclass(slots=True)
class Exchange:
    """What the middlewares pass to each other.

    `notes` are log fields that the handler adds. `arguments` are the arguments of the function. `event` is the log
    event of a success. `body` is None until the server begins to read the body, and empty until it has read it. `began`
    is the beginning of the request on the monotonic clock, in seconds. `operation` is the operationId, and empty until
    the request has reached its operation.
    """

    request_id: str
    notes: Mapping[str, object]
    headers: RequestHeaders
    arguments: dict[str, object] = field(default_factory=dict)
    body: bytes | None = None
    response: Response | None = None
    event: str | None = None
    error: Exception | None = None
    operation: str = ""
    began: float = field(default_factory=perf_counter)
