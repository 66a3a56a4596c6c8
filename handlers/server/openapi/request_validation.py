"""Connexion's request validation. The rules of an operation are compiled once, at the start.

Connexion 3.3 itself creates its validators for each request, and passes no header to the function.
"""

from typing import Any

from connexion.middleware.request_validation import RequestValidationAPI, RequestValidationMiddleware
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.http import limits
from handlers.server.openapi.api import Api
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.server.openapi.operation_rules import OperationRules


class ValidatedOperation:
    """One operation with its compiled rules."""

    def __init__(self, next_app: ASGIApp, rules: OperationRules) -> None:
        self._next_app = next_app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Validate one request: headers that may come only once, parameters, media type, body, in this order.

        Raises:
            SnapError: 400, 408, 413 or 415, because the request does not fit the document.
        """
        exchange: Exchange = scope[EXCHANGE]
        headers, rules = exchange.headers, self._rules
        headers.require_single(rules.single_valued)
        exchange.arguments |= rules.parameters.arguments(scope, headers)
        kind = rules.body.kind(headers)
        if kind:
            limits.require_length(headers, kind.largest)
            exchange.body = b""
            exchange.body = await limits.read_body(receive, kind.largest)
            exchange.arguments |= kind.arguments(exchange.body)
        await self._next_app(scope, receive, send)


class CompiledApi(RequestValidationAPI):  # type: ignore[misc]  # Connexion has no type information
    """The operations of one document."""

    def __init__(self, *args: Any, api: Api, **options: Any) -> None:  # noqa: ANN401  they are Connexion's
        """`api` has what the document does not say."""
        self._api = api
        super().__init__(*args, **options)

    def make_operation(self, operation: AbstractOperation) -> ValidatedOperation:
        """Called by Connexion, once for each operation."""
        return ValidatedOperation(self.next_app, OperationRules.of(operation, self._api))


class CompiledValidation(RequestValidationMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """Validates a request by the compiled rules of its operation."""

    api_cls = CompiledApi
