"""The ASGI application: Connexion serves a document with the functions that the document names."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from connexion.middleware.main import ConnexionMiddleware
from connexion.resolver import Resolver
from starlette.routing import Router
from starlette.types import ASGIApp

from handlers.access_token import issue_access_token
from handlers.authorization import authorize_call, authorize_call_without_body
from handlers.config.tables import Internal
from handlers.health import report_liveness, report_readiness
from handlers.introspection import introspect_token
from handlers.metrics import report_metrics
from handlers.revocation import revoke_tokens
from handlers.server.http.www_authenticate import bearer_challenge, snap_challenge
from handlers.server.observability import request_fields
from handlers.server.observability.metrics.decisions import count_internal_request
from handlers.server.openapi.api import Api
from handlers.server.openapi.authentication import AuthenticationMiddleware
from handlers.server.openapi.documents import DOCUMENT, INTERNAL_DOCUMENT, TOKEN_PATH
from handlers.server.openapi.error_middleware import ErrorMiddleware
from handlers.server.openapi.handler_call import HandlerCall
from handlers.server.openapi.internal_api import (
    AUTHORIZE,
    HAND_OVER,
    CalledServices,
    WrongSecretRedirect,
    bearer_check,
)
from handlers.server.openapi.loading import load
from handlers.server.openapi.request_validation import CompiledValidation
from handlers.server.openapi.routing import DocumentRouting
from handlers.server.openapi.security import Check
from handlers.services import Services
from handlers.snap.codes import ACCESS_TOKEN_SERVICE

_INTERNAL_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "authorizeCall": authorize_call,
    "authorizeCallWithoutBody": authorize_call_without_body,
    "introspectToken": introspect_token,
    "revokeTokens": revoke_tokens,
    "reportLiveness": report_liveness,
    "reportReadiness": report_readiness,
    "reportMetrics": report_metrics,
}
_INTERNAL_DECISIONS = {
    ("POST", AUTHORIZE): "call",
    ("GET", AUTHORIZE): "call",
    ("POST", "/revoke"): "revocation",
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
        service_code=lambda _path, _headers, _refused: ACCESS_TOKEN_SERVICE,
        challenge=lambda _path, error: snap_challenge(error),
        request_fields=request_fields.of_token_request,
        operations={base_path + TOKEN_PATH: "issueAccessToken"},
        decisions={("POST", base_path + TOKEN_PATH): "token"},
        echo="client_key",
    )


def internal_api(internal: Internal, services: Callable[[], Services]) -> Api:
    """The merchant's own operations. `services` returns the current services, with their secrets and service codes."""
    called = CalledServices(lambda: services().called_services)
    return Api(
        document=INTERNAL_DOCUMENT,
        base_path="",
        functions=_INTERNAL_FUNCTIONS,
        events=_INTERNAL_EVENTS,
        subject="call",
        service_code=called.code,
        refusal_members=called.refusal_members,
        refusal_headers=WrongSecretRedirect(internal.call_headers == "x-forwarded").headers,
        challenge=lambda path, error: bearer_challenge(error) if path == AUTHORIZE else {},
        request_fields=request_fields.of_call,
        count=count_internal_request,
        operations={AUTHORIZE: "authorizeCall"},
        decisions=_INTERNAL_DECISIONS,
        is_limited=lambda path: path == AUTHORIZE,
        checks=_internal_checks(services),
        largest_body=internal.body_limit_bytes,
    )


def _internal_checks(services: Callable[[], Services]) -> Mapping[str, Check]:
    """The check of each security scheme of the internal document."""

    def secrets() -> tuple[bytes, ...]:
        return services().internal_secrets

    return {
        "AccessToken": HAND_OVER,
        "ProxySecret": bearer_check(secrets, "X-Internal-Authorization"),
        "InternalSecret": bearer_check(secrets, "Authorization"),
    }


def middlewares(
    api: Api, services: Callable[[], Services], layers: Sequence[Callable[[ASGIApp], ASGIApp]]
) -> list[Callable[[ASGIApp], ASGIApp]]:
    """Connexion's middleware stack, from the outermost to the innermost."""
    # Without checks no operation demands credentials: the document would not be served.
    guards = [AuthenticationMiddleware] if api.checks else []
    return [
        partial(ErrorMiddleware, api=api, services=services),  # Limits; one response for every outcome; the log.
        *layers,  # In development, the pages of the sandbox.
        DocumentRouting,  # Connexion's RoutingMiddleware: finds the operation by path and method.
        *guards,  # Connexion's SecurityMiddleware: checks the credentials that an operation demands.
        CompiledValidation,  # Connexion's RequestValidationMiddleware: checks parameters and body, by compiled rules.
        HandlerCall,  # Connexion's RoutedMiddleware: calls the operation's function with the values, by name.
    ]


def application(
    api: Api, services: Callable[[], Services], *layers: Callable[[ASGIApp], ASGIApp]
) -> ConnexionMiddleware:
    """Serve a document.

    `services` returns the current services. `layers` are middlewares outside of Connexion's routing.

    Raises:
        UnsupportedError: The document says something that the server cannot check.
    """
    not_found = Router(redirect_slashes=False)
    app = ConnexionMiddleware(not_found, import_name=__name__, middlewares=middlewares(api, services, layers))
    resolver = Resolver(partial(_resolve, api, services))
    app.add_api(load(api), base_path="", resolver=resolver, api=api)
    # Otherwise Connexion does this at the first request.
    app.app, app.middleware_stack = app._build_middleware_stack()  # noqa: SLF001
    return app


def _resolve(api: Api, services: Callable[[], Services], operation_id: str) -> Callable[..., object]:
    function = api.functions[operation_id]

    def call(**arguments: object) -> object:
        return function(services(), **arguments)

    return call
