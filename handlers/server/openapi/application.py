"""The ASGI application: the document, Connexion, and the functions that its operations name."""

import logging
from collections.abc import Callable, Mapping
from functools import partial

import yaml
from connexion import AsyncApp
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.server_error import ServerErrorMiddleware
from connexion.middleware.swagger_ui import SwaggerUIMiddleware
from connexion.resolver import Resolver
from starlette.types import ASGIApp

from handlers.access_token import issue_access_token
from handlers.authorization import authorize_call, authorize_call_without_body
from handlers.config.tables import Internal
from handlers.health import report_liveness, report_readiness
from handlers.introspection import introspect_token
from handlers.revocation import revoke_tokens
from handlers.server.http.www_authenticate import bearer_challenge, snap_challenge
from handlers.server.observability import request_fields
from handlers.server.openapi.api import Api
from handlers.server.openapi.documents import DOCUMENT, INTERNAL_DOCUMENT
from handlers.server.openapi.error_middleware import ErrorMiddleware
from handlers.server.openapi.internal_api import AUTHORIZE, bearer_check, hand_over, service_code_of
from handlers.services import Services
from handlers.snap.codes import ACCESS_TOKEN_SERVICE

# It misses functions of its own for the document's security, which handlers.server.security checks before it.
logging.getLogger("connexion.security").setLevel(logging.ERROR)

# The edge renders every error, so what Connexion has for that is left out; its pages are the sandbox's business.
_LEFT_OUT = {ServerErrorMiddleware, ExceptionMiddleware, SwaggerUIMiddleware}

_INTERNAL_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "authorizeCall": authorize_call,
    "authorizeCallWithoutBody": authorize_call_without_body,
    "introspectToken": introspect_token,
    "revokeTokens": revoke_tokens,
    "reportLiveness": report_liveness,
    "reportReadiness": report_readiness,
}
_INTERNAL_EVENTS = {
    "authorizeCall": "call.genuine",
    "authorizeCallWithoutBody": "call.genuine",
    "revokeTokens": "tokens.revoked",
}


def public_api(base_path: str) -> Api:
    """The contract with NICEPAY."""
    return Api(
        document=DOCUMENT,
        base_path=base_path,
        functions={"issueAccessToken": issue_access_token},
        events={"issueAccessToken": "token.issued"},
        subject="token",
        service_code=lambda _path, _sent, _refused: ACCESS_TOKEN_SERVICE,
        challenge=lambda _path, error: snap_challenge(error),
        facts=request_fields.of_token_request,
        echo="client_key",
    )


def internal_api(internal: Internal, services: Callable[[], Services]) -> Api:
    """The merchant's own operations. `services` gives the current services, with their secrets and service codes."""

    def secrets() -> tuple[bytes, ...]:
        return services().internal_secrets

    return Api(
        document=INTERNAL_DOCUMENT,
        base_path="",
        functions=_INTERNAL_FUNCTIONS,
        events=_INTERNAL_EVENTS,
        subject="call",
        service_code=service_code_of(lambda: services().called_services),
        challenge=lambda path, error: bearer_challenge(error) if path == AUTHORIZE else {},
        facts=request_fields.of_call,
        checks={
            "AccessToken": hand_over,
            "ProxySecret": bearer_check(secrets, "X-Internal-Authorization"),
            "InternalSecret": bearer_check(secrets, "Authorization"),
        },
        largest_body=internal.body_limit_bytes,
    )


def application(api: Api, services: Callable[[], Services], *layers: Callable[[ASGIApp], ASGIApp]) -> AsyncApp:
    """Serve a document. `services` gives those of now; `layers` stand between the edge and Connexion's stack."""
    stack = [each for each in ConnexionMiddleware.default_middlewares if each not in _LEFT_OUT]
    app = AsyncApp(__name__, middlewares=[partial(ErrorMiddleware, api=api, services=services), *layers, *stack])
    # Read here, as plain YAML: Connexion would run the file through a template engine first.
    document = yaml.safe_load(api.document.read_text(encoding="utf-8"))
    app.add_api(document, base_path=api.base_path, resolver=Resolver(partial(_resolve, api, services)))
    return app


def _resolve(api: Api, services: Callable[[], Services], operation_id: str) -> Callable[..., object]:
    function = api.functions[operation_id]

    def call(**arguments: object) -> object:
        return function(services(), **arguments)

    return call
