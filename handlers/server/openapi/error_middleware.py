"""The edge: finds the operation, turns every outcome into one SNAP answer, and has it audited."""

from collections.abc import Awaitable, Callable
from functools import partial

from connexion.middleware.abstract import SpecMiddleware
from connexion.resolver import Resolver
from connexion.spec import Specification
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers import decision_notes
from handlers.server.http import limits, request_headers
from handlers.server.http.request_id import HEADER, identify
from handlers.server.http.response import Response
from handlers.server.observability.audit import Audit
from handlers.server.observability.fields import LogFields
from handlers.server.openapi.api import Api
from handlers.server.openapi.operations import Operations, bind
from handlers.services import Services
from handlers.snap.codes import GENERAL_ERROR, NOT_FOUND, NOT_SUPPORTED, SnapError
from handlers.snap.masking import masked_prefix

_SLASH_REDIRECT = 307
_LONGEST_SHOWN = 255
_UNEXPECTED = SnapError(GENERAL_ERROR, reason="unexpected")


class ErrorMiddleware(SpecMiddleware):  # type: ignore[misc]  # Connexion has no type information
    """The outermost of Connexion's middlewares; bound operations end here, the rest goes down Connexion's stack."""

    def __init__(self, app: ASGIApp, api: Api, services: Callable[[], Services]) -> None:
        """`app` is the rest of the stack; `services` gives those of now."""
        self._app = app
        self._api = api
        self._services = services
        self._audit = Audit(api.subject, services)
        self._operations: Operations = {}

    def add_api(self, specification: Specification, *, base_path: str, resolver: Resolver, **_options: object) -> None:
        """Called by Connexion, once for each document."""
        self._operations |= bind(specification, base_path, resolver, self._api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, notes = identify(scope), decision_notes.start_notes()
        sent = request_headers.RequestHeaders.of(scope["headers"])
        operation = self._operations.get((scope["path"], scope["method"]))
        error: Exception | None = None
        try:
            limits.require_bounded(scope, sent)
            if operation is None:
                self._require_method(scope["path"])
                await self._app(scope, receive, _from_below(send, request_id))
                return
            answer = Response.of(await operation(sent, receive))
        except Exception as raised:  # noqa: BLE001  whatever it is, the client gets a SNAP answer and the log the rest
            error = _translated(raised)
            answer = self._refusal(error, scope["raw_path"].decode("latin-1"), sent)
        services = self._services()
        now = services.now()
        asked = {"request_id": request_id, **(_asked(scope) if error else {})}
        log_fields = {**asked, **self._api.facts(sent, now), "remote": _remote(scope), **notes}
        if self._api.explain and isinstance(error, SnapError):
            sending = answer.send(send, now, request_id, log_fields.get(self._api.echo))
            await self._explain(
                sending, answer, error, log_fields, partial(self._api.explain, sent, error, services, now)
            )
        else:
            self._audit.record(operation.event if operation else None, log_fields, answer, error)
            await answer.send(send, now, request_id, log_fields.get(self._api.echo))
        if isinstance(error, SnapError):
            self._audit.judge_clock(log_fields, sent, error, now)

    async def _explain(
        self,
        sending: Awaitable[None],
        answer: Response,
        error: SnapError,
        log_fields: LogFields,
        why: Callable[[], LogFields],
    ) -> None:
        """Only when the answer is gone is it asked why: it takes as long as it would without."""
        try:
            await sending
        finally:
            self._audit.record(None, {**log_fields, **why()}, answer, error)

    def _require_method(self, path: str) -> None:
        methods = sorted(method for known, method in self._operations if known == path)
        if methods:
            raise _not_supported(", ".join(methods))

    def _refusal(self, error: Exception, path: str, sent: request_headers.RequestHeaders) -> Response:
        refused = error if isinstance(error, SnapError) else _UNEXPECTED
        return Response.refusing(
            refused, self._api.service_code(path, sent, refused), self._api.challenge(path, refused)
        )


def _translated(error: Exception) -> Exception:
    """What a router below says of a path or a method, as a refusal; anything else as it is."""
    match error:
        case HTTPException(status_code=404):
            return SnapError(NOT_FOUND, reason="path.unknown")
        case HTTPException(status_code=405, headers=headers):
            return _not_supported((headers or {}).get("Allow", ""))
    return error


def _not_supported(allowed: str) -> SnapError:
    """405 names the methods that the path has (RFC 9110, section 15.5.6)."""
    return SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": allowed})


def _from_below(send: Send, request_id: str) -> Send:
    """Put the request's id into an answer from below.

    Starlette's routers redirect a path that differs only in its last slash, to a Location made from Host. Here that
    is 404.
    """

    async def checked(message: Message) -> None:
        if message.get("status") == _SLASH_REDIRECT:
            raise SnapError(NOT_FOUND, reason="path.unknown")
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, request_id.encode())]}
        await send(message)

    return checked


def _remote(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _asked(scope: Scope) -> LogFields:
    """Method and path; bytes of the path that are not ASCII are replaced."""
    path = masked_prefix(scope["raw_path"].decode("ascii", "replace"), _LONGEST_SHOWN)
    return {"method": scope["method"], "path": path}
