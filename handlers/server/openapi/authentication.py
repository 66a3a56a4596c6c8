"""Connexion's security middleware. The checks of an operation are prepared once, at the start."""

from typing import Any

from connexion.middleware.security import SecurityAPI, SecurityMiddleware
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.openapi.api import Api
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.server.openapi.security import SecurityRule, security_of


class AuthenticatedOperation:
    """One operation whose credentials are checked.

    This happens before validation, so that an unauthenticated caller learns nothing about the format.
    """

    def __init__(self, next_app: ASGIApp, rules: tuple[SecurityRule, ...]) -> None:
        self._next_app = next_app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request.

        Raises:
            SnapError: A credential is missing or wrong.
        """
        exchange: Exchange = scope[EXCHANGE]
        for rule in self._rules:
            exchange.arguments |= rule.arguments(exchange.headers)
        await self._next_app(scope, receive, send)


class AuthenticationApi(SecurityAPI):  # type: ignore[misc]  # Connexion has no type information
    """The operations of one document."""

    def __init__(self, *args: Any, api: Api, **kwargs: Any) -> None:  # noqa: ANN401  they are Connexion's
        """`api` has the checks."""
        self._checks = api.checks
        super().__init__(*args, **kwargs)

    def make_operation(self, operation: AbstractOperation) -> ASGIApp:
        """Called by Connexion, once for each operation. Without security, the operation is the next middleware's."""
        rules = security_of(operation.security, operation.security_schemes, self._checks)
        return AuthenticatedOperation(self.next_app, rules) if rules else self.next_app


class AuthenticationMiddleware(SecurityMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """Checks the credentials of a request."""

    api_cls = AuthenticationApi
