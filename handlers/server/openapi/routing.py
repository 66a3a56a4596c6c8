"""Connexion's routing middleware, held to the document: no redirects, no HEAD that is not named, exact path values."""

from typing import Any

from connexion.frameworks.starlette import starlettify_path
from connexion.middleware.routing import RoutingAPI, RoutingMiddleware, RoutingOperation
from connexion.operations import AbstractOperation
from connexion.spec import Specification
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.snap.codes import NOT_SUPPORTED, SnapError


class MethodNotAllowed:
    """Answers for a path whose other methods have no operation."""

    def __init__(self, methods: list[str]) -> None:
        self._allowed = ", ".join(sorted(methods))

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """Refuse.

        Raises:
            SnapError: 405, which names the methods that the path has (RFC 9110, section 15.5.6).
        """
        raise SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": self._allowed})


class DocumentRoutes(RoutingAPI):  # type: ignore[misc]  # Connexion has no type information
    """The routes of one document."""

    def __init__(self, specification: Specification, *, next_app: ASGIApp, **options: Any) -> None:  # noqa: ANN401  Connexion's
        super().__init__(specification, next_app=next_app, **options)
        # A redirect's Location would be made from Host, which the client chooses.
        self.router.redirect_slashes = False
        methods: dict[str, list[str]] = {}
        for route in self.router.routes:
            methods.setdefault(route.path, []).extend(route.methods)
        for path, known in methods.items():
            self.router.routes.append(Route(path, MethodNotAllowed(known)))

    @staticmethod
    def _framework_path_and_name(_operation: AbstractOperation, path: str) -> tuple[str, str]:
        """Values in a path stay text: Starlette would round numbers, and fail on some."""
        route = starlettify_path(path)
        return route, route

    def _add_operation_internal(
        self, method: str, path: str, operation: RoutingOperation, name: str | None = None
    ) -> None:
        """Starlette adds HEAD to each GET."""
        route = Route(path, operation, methods=[method], name=name)
        route.methods = {method.upper()}
        self.router.routes.append(route)


class DocumentRouting(RoutingMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """Finds the operation by path and method."""

    def add_api(self, specification: Specification, **options: Any) -> None:  # noqa: ANN401  they are Connexion's
        """Called by Connexion, once for each document."""
        # One document, whose paths are whole: its routes need no mount.
        self.router = DocumentRoutes(specification, next_app=self.app, **options).router
