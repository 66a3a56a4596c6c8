"""The edge: finds the operation, turns every outcome into one SNAP answer, and has it audited."""

from connexion.middleware.abstract import SpecMiddleware
from connexion.resolver import Resolver
from connexion.spec import Specification
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.server import guard
from handlers.server.answer import Answer
from handlers.server.audit import Audit, Caller
from handlers.server.binding import Operations, bind
from handlers.services import Services
from handlers.snap.codes import GENERAL_ERROR, NOT_FOUND, NOT_SUPPORTED, SnapError

_SLASH_REDIRECT = 307
_UNEXPECTED = SnapError(GENERAL_ERROR, reason="unexpected")


class Edge(SpecMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """The outermost of Connexion's middlewares; bound operations end here, the rest goes down Connexion's stack."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        """`app` is the rest of the stack."""
        self._app = app
        self._services = services
        self._audit = Audit(services.clients)
        self._operations: Operations = {}

    def add_api(self, specification: Specification, *, base_path: str, resolver: Resolver, **_options: object) -> None:
        """Called by Connexion, once for each document."""
        self._operations |= bind(specification, base_path, resolver)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error: Exception | None = None
        try:
            answer = await self._decide(scope, receive, send)
        except Exception as raised:  # noqa: BLE001  whatever it is, the client gets a SNAP answer and the log the rest
            error = _translated(raised)
            answer = Answer.refusing(error if isinstance(error, SnapError) else _UNEXPECTED)
        if answer:
            now = self._services.now()
            caller = Caller.of(scope["headers"], now)
            self._audit.record(caller, _remote(scope), answer, error)
            await answer.send(send, now, caller.client_key)

    async def _decide(self, scope: Scope, receive: Receive, send: Send) -> Answer | None:
        """The operation's answer, or None if Connexion's stack has answered."""
        guard.require_bounded(scope)
        if b"%" in scope["raw_path"]:
            # Whoever stands before this server compares paths as they are sent; so does it.
            raise SnapError(NOT_FOUND, reason="path.unknown")
        operation = self._operations.get((scope["path"], scope["method"]))
        if operation:
            return Answer(await operation(scope, receive))
        await self._app(scope, receive, _without_redirect(send))
        return None


def _translated(error: Exception) -> Exception:
    """What Connexion's router says of a path or a method, as a refusal; anything else as it is."""
    match error:
        case HTTPException(status_code=404):
            return SnapError(NOT_FOUND, reason="path.unknown")
        case HTTPException(status_code=405, headers=headers):
            return SnapError(NOT_SUPPORTED, reason="method.not_supported", headers=headers or {})
    return error


def _without_redirect(send: Send) -> Send:
    """Starlette's routers redirect a path that differs in its last slash, to a Location made from Host: not here."""

    async def checked(message: Message) -> None:
        if message.get("status") == _SLASH_REDIRECT:
            raise SnapError(NOT_FOUND, reason="path.unknown")
        await send(message)

    return checked


def _remote(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None
