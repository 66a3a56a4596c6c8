"""The outermost middleware: it checks the limits, makes one SNAP response of every outcome, and logs it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers import decision_notes
from handlers.server.http import limits
from handlers.server.http.request_headers import RequestHeaders
from handlers.server.http.request_id import identify
from handlers.server.http.response import Response
from handlers.server.observability.audit import Audit
from handlers.server.observability.fields import LogFields
from handlers.server.openapi.api import Api
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.services import Services
from handlers.snap.codes import GENERAL_ERROR, NOT_FOUND, NOT_SUPPORTED, SnapError
from handlers.snap.masking import masked_prefix

_LONGEST_SHOWN = 255
_UNEXPECTED = SnapError(GENERAL_ERROR, reason="unexpected")


class ErrorMiddleware:
    """Answers every request. The inner middlewares raise an error, or put a response into the exchange."""

    def __init__(self, app: ASGIApp, api: Api, services: Callable[[], Services]) -> None:
        """`app` is the rest of the stack; `services` gives the current services."""
        self._app = app
        self._api = api
        self._services = services
        self._audit = Audit(api.subject, services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(identify(scope), decision_notes.start_notes(), RequestHeaders.of(scope["headers"]))
        scope[EXCHANGE] = exchange
        try:
            limits.require_bounded(scope, exchange.headers)
            await self._app(scope, receive, send)
        except Exception as raised:  # noqa: BLE001  for every error, the client gets a SNAP response and the log gets a line
            exchange.error = _translated(raised)
            exchange.response = await self._refusal(exchange, scope["raw_path"].decode("latin-1"), receive)
        if exchange.response:  # Otherwise a page of the sandbox has answered.
            await self._finish(scope, send, exchange, exchange.response)

    async def _finish(self, scope: Scope, send: Send, exchange: Exchange, response: Response) -> None:
        services = self._services()
        now = services.now()
        log_fields = self._log_fields(scope, exchange, now)
        client_key, error = log_fields.get(self._api.echo), exchange.error
        if not isinstance(error, SnapError):
            self._audit.record(exchange.event, log_fields, response, error)
            await response.send(send, now, exchange.request_id, client_key)
        elif not self._api.explain:
            self._audit.record(None, log_fields, response, error)
            await response.send(send, now, exchange.request_id, client_key)
            self._audit.judge_clock(log_fields, exchange.headers, error, now)
        else:
            try:
                await response.send(send, now, exchange.request_id, client_key)
            finally:  # The explanation comes after the answer, so that it does not delay the answer.
                why = self._api.explain(exchange.headers, error, services, now)
                self._audit.record(None, {**log_fields, **why}, response, error)
            self._audit.judge_clock(log_fields, exchange.headers, error, now)

    def _log_fields(self, scope: Scope, exchange: Exchange, now: datetime) -> LogFields:
        client = scope.get("client")
        return {
            "request_id": exchange.request_id,
            **(_target(scope) if exchange.error else {}),
            **self._api.request_fields(exchange.headers, now),
            "remote": client[0] if client else None,
            **exchange.notes,
        }

    async def _refusal(self, exchange: Exchange, path: str, receive: Receive) -> Response:
        refused, headers = exchange.error if isinstance(exchange.error, SnapError) else _UNEXPECTED, exchange.headers
        code = self._api.service_code(path, headers, refused)
        members = self._api.refusal_members(path, headers, refused)
        filled = members.filled(headers.single, await self._body(exchange, refused, receive)) if members else {}
        return Response.refusing(refused, code, self._api.challenge(path, refused), filled)

    async def _body(self, exchange: Exchange, refused: SnapError, receive: Receive) -> bytes:
        """The body of a refused call. After a limit was exceeded, the body that was not read stays unread."""
        if exchange.body is None and refused.code.status == HTTPStatus.BAD_REQUEST and not refused.headers:
            with suppress(SnapError):
                limits.require_length(exchange.headers, self._api.largest_body)
                return await limits.read_body(receive, self._api.largest_body)
        return exchange.body or b""


def _translated(error: Exception) -> Exception:
    """Turn an error of the router into a refusal. Other errors stay unchanged."""
    match error:
        case HTTPException(status_code=404):
            return SnapError(NOT_FOUND, reason="path.unknown")
        case HTTPException(status_code=405, headers=headers):
            allowed = (headers or {}).get("Allow", "")
            return SnapError(NOT_SUPPORTED, reason="method.not_supported", headers={"Allow": allowed})
    return error


def _target(scope: Scope) -> LogFields:
    """Method and path. Bytes of the path that are not ASCII are replaced."""
    path = masked_prefix(scope["raw_path"].decode("ascii", "replace"), _LONGEST_SHOWN)
    return {"method": scope["method"], "path": path}
