"""One span for each request."""

import asyncio
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import Message

from handlers.config.settings import Settings
from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.open_telemetry import Spans
from handlers.server.openapi.application import application, public_api
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.server.openapi.span_middleware import SpanMiddleware
from tests.merchant import BASE_PATH, Clock, services_of, write_settings
from tests.nicepay import Nicepay

API = public_api(BASE_PATH)
TOKEN = f"{BASE_PATH}/access-token/b2b"


class Recorder:
    """Makes spans, and records them."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.spans = Spans(self._exporter)

    def exported(self) -> list[tuple[str, dict[str, object]]]:
        """The name and the attributes of each span, without the ID of the request."""
        self.spans.shut_down()
        spans = self._exporter.get_finished_spans()
        named = [(span.name, dict[str, object](span.attributes or {})) for span in spans]
        assert all(attributes.pop("snap.request_id") for _, attributes in named)
        return named


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def app(recorder: Recorder, tmp_path: Path, nicepay: Nicepay) -> SpanMiddleware:
    """The public application with spans."""
    services = services_of(Settings.load(write_settings(tmp_path, nicepay)), Clock())
    return SpanMiddleware(application(API, lambda: services), recorder.spans, API)


def _ask(app: SpanMiddleware, method: str, path: str) -> int:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return await client.request(method, path)

    return asyncio.run(ask()).status_code


def test_a_refusal_has_its_reason(app: SpanMiddleware, recorder: Recorder) -> None:
    """The span of an operation has method, path, status, response code and reason."""
    assert _ask(app, "POST", TOKEN) == 400
    ((name, attributes),) = recorder.exported()
    assert name == f"POST {TOKEN}"
    assert attributes == {
        "http.request.method": "POST",
        "http.route": TOKEN,
        "http.response.status_code": 400,
        "snap.response_code": "4007302",
        "snap.reason": "header.missing",
    }


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/a-secret", 404), ("BREW", TOKEN, 405)])
def test_a_caller_names_no_span(app: SpanMiddleware, recorder: Recorder, method: str, path: str, status: int) -> None:
    """A path or method outside the document is not exported, because it can be anything."""
    assert _ask(app, method, path) == status
    ((name, attributes),) = recorder.exported()
    assert name == "HTTP"
    assert attributes["http.response.status_code"] == status
    assert not {"http.request.method", "http.route"} & attributes.keys()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_a_probe_has_no_span(app: SpanMiddleware, recorder: Recorder, path: str) -> None:
    """Probes would hide the requests."""
    _ask(app, "GET", path)
    assert recorder.exported() == []


def test_other_scopes_pass_through(recorder: Recorder) -> None:
    """The start and the end of the application have no span. A page of the sandbox has one without an answer."""
    seen = []

    async def app(scope: dict[str, object], _receive: object, _send: object) -> None:
        seen.append(scope["type"])
        scope[EXCHANGE] = Exchange("1", {}, RequestHeaders.of([]))

    async def receive() -> Message:
        raise NotImplementedError

    async def send(_message: Message) -> None:
        """Discard the message."""

    middleware = SpanMiddleware(app, recorder.spans, API)  # type: ignore[arg-type]  # the types of its arguments
    for scope in ({"type": "lifespan"}, {"type": "http", "method": "GET", "path": "/ui/", "headers": []}):
        asyncio.run(middleware(scope, receive, send))
    assert seen == ["lifespan", "http"]
    assert recorder.exported() == [("HTTP", {})]
