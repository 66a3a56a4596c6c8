"""The innermost middleware: it calls the function of an operation with the validated values, by name."""

from collections.abc import Awaitable, Callable
from typing import Any

from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.types import Receive, Scope, Send

from handlers.server.http import client_address
from handlers.server.http.response import Response, Result
from handlers.server.openapi.api import Api
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.server.openapi.function_arguments import ACCEPT, CALLER, FunctionArguments


class CallingOperation:
    """One operation, with the function that decides."""

    def __init__(
        self, name: str, function: Callable[..., Awaitable[Result]], event: str | None, known: frozenset[str]
    ) -> None:
        """`name` is the operationId. `known` are the names of the arguments that the function takes."""
        self._name = name
        self._function = function
        self._event = event
        self._takes_caller, self._takes_accept = CALLER in known, ACCEPT in known

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Put the response into the exchange. The error middleware sends it."""
        exchange: Exchange = scope[EXCHANGE]
        exchange.operation = self._name
        if self._takes_caller:
            exchange.arguments[CALLER] = scope.get(client_address.CALLER)
        if self._takes_accept:
            exchange.arguments[ACCEPT] = exchange.headers.get(b"accept")
        exchange.response = Response.of(await self._function(**exchange.arguments))
        exchange.event = self._event


class CallingApi(RoutedAPI):  # type: ignore[misc]  # Connexion has no type information
    """The operations of one document."""

    def __init__(self, *args: Any, api: Api, **options: Any) -> None:  # noqa: ANN401  they are Connexion's
        """`api` has the functions and the events."""
        super().__init__(*args, **options)
        self._api = api
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> CallingOperation:
        """Called by Connexion, once for each operation."""
        name = operation.operation_id
        known = FunctionArguments.of(self._api.functions[name]).known
        return CallingOperation(name, operation.function, self._api.events.get(name), known)


class HandlerCall(RoutedMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """Calls the function of an operation."""

    api_cls = CallingApi
