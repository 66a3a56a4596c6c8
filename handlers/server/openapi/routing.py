"""Connexion's routing middleware, without redirects, without HEAD for each GET, and without rounded numbers."""

from typing import Any

from connexion.frameworks.starlette import starlettify_path
from connexion.middleware.routing import RoutingAPI, RoutingMiddleware, RoutingOperation
from connexion.operations import AbstractOperation
from connexion.spec import Specification
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.snap.codes import NOT_SUPPORTED, SnapError


class MethodNotAllowed:
    """Refuses the methods of a path that have no operation."""

    def __init__(self, methods: list[str]) -> None:
        self._allowed = ", ".join(sorted(methods))

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """Refuse.

        Raises:
            SnapError: 405, with the methods of the path in Allow (RFC 9110, section 15.5.6).
        """
        raise SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": self._allowed})


class DocumentRoutes(RoutingAPI):  # type: ignore[misc]  # Connexion has no type information
    """The routes of one document."""

    def __init__(self, specification: Specification, *, next_app: ASGIApp, **options: Any) -> None:  # noqa: ANN401  Connexion's
        super().__init__(specification, next_app=next_app, **options)
        # A redirect would copy Host, which the client chooses, into Location.
        self.router.redirect_slashes = False
        methods: dict[str, list[str]] = {}
        for route in self.router.routes:
            methods.setdefault(route.path, []).extend(route.methods)
        for path, known in methods.items():
            self.router.routes.append(Route(path, MethodNotAllowed(known)))

    @staticmethod
    def _framework_path_and_name(_operation: AbstractOperation, path: str) -> tuple[str, str]:
        """Keep values in a path as text. Starlette would round some numbers and fail on others."""
        route = starlettify_path(path)
        return route, route

    def _add_operation_internal(
        self, method: str, path: str, operation: RoutingOperation, name: str | None = None
    ) -> None:
        """Add a route without HEAD, which Starlette adds to each GET."""
        route = Route(path, operation, methods=[method], name=name)
        route.methods = {method.upper()}
        self.router.routes.append(route)


class DocumentRouting(RoutingMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """Finds the operation by path and method."""

    def add_api(self, specification: Specification, **options: Any) -> None:  # noqa: ANN401  they are Connexion's
        """Called by Connexion, once for each document."""
        # There is one document, and its paths contain the base path. So its routes need no mount.
        self.router = DocumentRoutes(specification, next_app=self.app, **options).router
