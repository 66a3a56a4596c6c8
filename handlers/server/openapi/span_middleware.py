"""One span of OpenTelemetry for each request, except probes."""

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.openapi.api import Api
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.server.openapi.loading import load
from handlers.snap.codes import SnapError

if TYPE_CHECKING:
    from handlers.server.observability.open_telemetry import Spans

_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_OTHER = "HTTP"


class SpanMiddleware:
    """Makes the spans. The name of a span contains only paths and methods of the document, because they are few."""

    def __init__(self, app: ASGIApp, spans: "Spans", api: Api) -> None:
        """`app` serves the document of `api`."""
        self._app = app
        self._spans = spans
        paths = load(api)["paths"]
        self._operations = frozenset((method.upper(), path) for path, item in paths.items() for method in item)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within a span."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        operation = scope["method"], scope["path"]
        is_known = operation in self._operations
        name = " ".join(operation) if is_known else _OTHER
        with self._spans.request(name, scope["headers"]) as attributes:
            await self._app(scope, receive, send)
            if is_known:
                attributes.update({"http.request.method": operation[0], "http.route": operation[1]})
            attributes.update(_outcome(scope[EXCHANGE]))


def _outcome(exchange: Exchange) -> dict[str, str | int]:
    """The answer, and why it refuses. A page of the sandbox has no answer here."""
    outcome: dict[str, str | int] = {"snap.request_id": exchange.request_id}
    if exchange.response:
        outcome["http.response.status_code"] = exchange.response.status
        outcome["snap.response_code"] = exchange.response.code
    if isinstance(exchange.error, SnapError):
        outcome["snap.reason"] = exchange.error.reason
    return outcome
