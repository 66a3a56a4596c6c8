"""The pages of the sandbox: Swagger UI at `/ui/`, and the document, byte for byte as written, at `/openapi.yaml`."""

import yaml
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.status import HTTP_303_SEE_OTHER
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Receive, Scope, Send
from swagger_ui_bundle import swagger_ui_path

from handlers.server.application import DOCUMENT

_TEMPLATES = Jinja2Templates(swagger_ui_path)


class SandboxPages:
    """A layer that answers for the sandbox's own paths and passes everything else on."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        """`app` is the rest of the stack; `base_path` is where its operations are."""
        self._app = app
        self._base_path = base_path
        self._router = Router(
            [
                Route("/openapi.yaml", _document),
                Route("/ui", _to_page),
                Route("/ui/", _page),
                Route("/ui/openapi.json", self._local_document),
                Mount("/ui", StaticFiles(directory=swagger_ui_path)),
            ],
            redirect_slashes=False,
            default=app,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one request."""
        await (self._router if scope["type"] == "http" else self._app)(scope, receive, send)

    def _local_document(self, _request: Request) -> Response:
        """A copy for the page, with the address of this very server."""
        document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
        return JSONResponse({**document, "servers": [{"url": self._base_path or "/", "description": "This sandbox"}]})


def _document(_request: Request) -> Response:
    return FileResponse(DOCUMENT, media_type="application/yaml")


def _page(request: Request) -> Response:
    return _TEMPLATES.TemplateResponse(request, "index.j2", {"openapi_spec_url": "openapi.json"})


def _to_page(_request: Request) -> Response:
    return RedirectResponse("/ui/", HTTP_303_SEE_OTHER)
