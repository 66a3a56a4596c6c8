"""The sandbox pages: Swagger UI at `/ui/`, and the OpenAPI document at `/openapi.yaml`.

The first server of the document is this sandbox. The rest of its text is unchanged.

`/openapi.3.1.yaml` is its edition in OpenAPI 3.1, and `/openapi.bundled.json` the same document without references.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import yaml
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.status import HTTP_303_SEE_OTHER, HTTP_404_NOT_FOUND
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.http.request_id import identify, with_request_id
from handlers.server.openapi.bundle import bundled
from handlers.server.openapi.documents import DOCUMENT
from handlers.server.openapi.edition_3_1 import as_3_1
from handlers.server.openapi.servers import with_first_server
from handlers.server.openapi.yaml_loader import SafeLoader
from handlers.server.sandbox.page_api import SandboxApi

PAGES = Path(__file__).parent / "static"
SWAGGER_UI = PAGES / "swagger-ui"

_FILES: Mapping[str, Path] = MappingProxyType(
    {
        **{name: PAGES / name for name in ("signing.css", "signing.js", "theme.css", "theme.js")},
        **{name: SWAGGER_UI / name for name in ("favicon-32x32.png", "swagger-ui-bundle.js", "swagger-ui.css")},
    }
)
_YAML = "application/yaml"

# Content Security Policy Level 3: no content from other hosts, and no inline scripts. The images in the style sheet of
# Swagger UI are `data:` URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class SandboxPages:
    """ASGI middleware that answers the paths of the sandbox and passes all other requests on."""

    def __init__(self, app: ASGIApp, origin: str, base_path: str, api: SandboxApi) -> None:
        """Answer the sandbox's paths in front of `app`.

        `origin` is the address of the listener, such as `http://127.0.0.1:8080`. It never comes from a request.
        `base_path` is the path of the operations. `api` answers the page.
        """
        self._app = app
        self._origin = origin
        self._base_path = base_path
        self._router = Router(
            [
                Route("/openapi.yaml", self._document),
                Route("/openapi.3.1.yaml", self._edition_3_1),
                Route("/openapi.bundled.json", self._bundle),
                Route("/ui", _to_page),
                Route("/ui/", _page),
                Route("/ui/openapi.json", self._local_document),
                *api.routes(),
                Route("/ui/{name}", _file),
            ],
            redirect_slashes=False,
            default=app,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one request."""
        if scope["type"] == "http":
            await self._router(scope, receive, with_request_id(send, identify(scope)))
        else:
            await self._app(scope, receive, send)

    def _local_document(self, _request: Request) -> Response:
        """A copy of the document for the page, with the address of this server."""
        document = yaml.load(DOCUMENT.read_text(encoding="utf-8"), SafeLoader)  # noqa: S506  it is safe
        return JSONResponse({**document, "servers": [{"url": self._base_path or "/", "description": "This sandbox"}]})

    def _document(self, _request: Request) -> Response:
        return Response(self._text(), media_type=_YAML)

    def _edition_3_1(self, _request: Request) -> Response:
        return Response(as_3_1(self._text()), media_type=_YAML)

    def _bundle(self, _request: Request) -> Response:
        return JSONResponse(bundled(yaml.load(self._text(), SafeLoader)))  # noqa: S506  it is safe

    def _text(self) -> str:
        text = DOCUMENT.read_text(encoding="utf-8")
        return with_first_server(text, f"{self._origin}{self._base_path}", "This sandbox. Plain HTTP, without TLS.")


def _page(_request: Request) -> Response:
    return FileResponse(PAGES / "index.html", headers=_HEADERS)


def _file(request: Request) -> Response:
    file = _FILES.get(request.path_params["name"])
    if not file:
        raise HTTPException(HTTP_404_NOT_FOUND)
    return FileResponse(file, headers=_HEADERS)


def _to_page(_request: Request) -> Response:
    return RedirectResponse("/ui/", HTTP_303_SEE_OTHER)
