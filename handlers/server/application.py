"""The ASGI application: the document, Connexion, and the functions that its operations name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml
from connexion import AsyncApp
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.server_error import ServerErrorMiddleware
from connexion.middleware.swagger_ui import SwaggerUIMiddleware
from connexion.resolver import Resolver
from starlette.types import ASGIApp

from handlers.access_token import issue_access_token
from handlers.server.edge import Edge
from handlers.services import Services

DOCUMENT = Path(__file__).parents[2] / "openapi" / "snap-token.yaml"
"""The contract, one source of truth. In a checkout and in a wheel alike it lies beside the package."""

OPERATIONS: dict[str, Callable[..., object]] = {"issueAccessToken": issue_access_token}
"""operationId to function: the document speaks the contract's words, and only this table knows both."""

# The edge renders every error, so what Connexion has for that is left out; its pages are the sandbox's business.
_LEFT_OUT = {ServerErrorMiddleware, ExceptionMiddleware, SwaggerUIMiddleware}


def application(services: Services, base_path: str, *layers: Callable[[ASGIApp], ASGIApp]) -> AsyncApp:
    """Serve the document under a base path. `layers` stand between the edge and Connexion's stack."""
    stack = [each for each in ConnexionMiddleware.default_middlewares if each not in _LEFT_OUT]
    app = AsyncApp(__name__, middlewares=[partial(Edge, services=services), *layers, *stack])
    # Read here, as plain YAML: Connexion would run the file through a template engine first.
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    app.add_api(document, base_path=base_path, resolver=Resolver(partial(_resolve, services)))
    return app


def _resolve(services: Services, operation_id: str) -> Callable[..., object]:
    return partial(OPERATIONS[operation_id], services)
