"""The outermost middleware: it checks the limits, makes one SNAP response of every outcome, and logs it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from http import HTTPStatus
from time import perf_counter

from connexion.middleware.abstract import ROUTING_CONTEXT
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from handlers import decision_notes
from handlers.server.http import limits
from handlers.server.http.client_address import CALLER
from handlers.server.http.request_headers import RequestHeaders
from handlers.server.http.request_id import identify
from handlers.server.http.response import Response
from handlers.server.observability.decision_log import DecisionLog
from handlers.server.observability.fields import LogFields
from handlers.server.observability.metrics.definitions import OTHER, REQUEST_DURATION
from handlers.server.observability.metrics.pending import PendingObservations
from handlers.server.observability.trace_context import trace_fields
from handlers.server.openapi.api import Api
from handlers.server.openapi.decision_record import record_decision
from handlers.server.openapi.exchange import EXCHANGE, Exchange
from handlers.services import Services, audit_trail_down
from handlers.snap.codes import GENERAL_ERROR, NOT_FOUND, NOT_SUPPORTED, SnapError
from handlers.snap.masking import masked_prefix
from handlers.snap.networks import Address

_LONGEST_SHOWN = 255
_UNEXPECTED = SnapError(GENERAL_ERROR, reason="unexpected")
_durations = PendingObservations(REQUEST_DURATION)


class ErrorMiddleware:
    """Answers every request. The inner middlewares raise an error, or put a response into the exchange."""

    def __init__(self, app: ASGIApp, api: Api, services: Callable[[], Services]) -> None:
        """`app` is the rest of the stack; `services` gives the current services."""
        self._app = app
        self._api = api
        self._services = services
        self._log = DecisionLog(api.subject, services, api.count)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(identify(scope), decision_notes.start_notes(), RequestHeaders.of(scope["headers"]))
        scope[EXCHANGE] = exchange
        scope.setdefault("extensions", {})  # Connexion copies the scope. The operation is in this dictionary.
        try:
            self._services().request_limits.require_address(self._limited(scope))
            limits.require_bounded(scope, exchange.headers)
            await self._app(scope, receive, send)
        except Exception as raised:  # noqa: BLE001  for every error, the client gets a SNAP response and the log gets a line
            exchange.error = _translated(raised)
            self._services().request_limits.count_refusal(self._limited(scope), exchange.error)
            exchange.response = await self._refusal(exchange, scope, receive)
        if exchange.response:  # Otherwise a page of the sandbox has answered.
            await self._finish(scope, receive, send, exchange, exchange.response)

    def _limited(self, scope: Scope) -> Address | None:
        """The address of the caller. None if it is unknown, or if no limit of requests applies to the path."""
        caller: Address | None = scope.get(CALLER)
        return caller if self._api.is_limited(scope["path"]) else None

    async def _finish(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, response: Response) -> None:
        services = self._services()
        now = services.now()
        log_fields = self._log_fields(scope, exchange, now)
        if services.audit_trail and not await record_decision(self._api, services, scope, exchange, log_fields):
            exchange.error = audit_trail_down()
            response = exchange.response = await self._refusal(exchange, scope, receive)
            log_fields = self._log_fields(scope, exchange, now)
            await record_decision(self._api, services, scope, exchange, log_fields)
        exchange.operation, error = exchange.operation or self._operation(scope), exchange.error
        answer = partial(self._answer, send, exchange, response, now, log_fields.get(self._api.echo))
        if not isinstance(error, SnapError):
            self._log.record(exchange.event, log_fields, response, error, exchange.operation)
            await answer()
        elif not self._api.explain:
            self._log.record(None, log_fields, response, error, exchange.operation)
            await answer()
            self._log.judge_clock(log_fields, exchange.headers, error, now)
        else:
            try:
                await answer()
            finally:  # The explanation comes after the answer, so that it does not delay the answer.
                why = self._api.explain(exchange.headers, error, services, now)
                self._log.record(None, {**log_fields, **why}, response, error, exchange.operation)
            self._log.judge_clock(log_fields, exchange.headers, error, now)

    async def _answer(
        self, send: Send, exchange: Exchange, response: Response, now: datetime, client_key: object
    ) -> None:
        await response.send(send, now, exchange.request_id, client_key)
        _durations[exchange.operation](perf_counter() - exchange.began)

    def _operation(self, scope: Scope) -> str:
        """The operation that a refused request did not reach. `OTHER` if its path has no main operation."""
        routed: Mapping[str, str | None] = scope["extensions"].get(ROUTING_CONTEXT, {})
        return routed.get("operation_id") or self._api.operations.get(scope["path"], OTHER)

    def _log_fields(self, scope: Scope, exchange: Exchange, now: datetime) -> LogFields:
        client = scope.get("client")
        return {
            "request_id": exchange.request_id,
            **trace_fields(exchange.headers),
            **(_target(scope) if exchange.error else {}),
            **self._api.request_fields(exchange.headers, now),
            "remote": client[0] if client else None,
            **exchange.notes,
        }

    async def _refusal(self, exchange: Exchange, scope: Scope, receive: Receive) -> Response:
        refused = exchange.error if isinstance(exchange.error, SnapError) else _UNEXPECTED
        path, headers = scope["raw_path"].decode("latin-1"), exchange.headers
        code = self._api.service_code(path, headers, refused)
        members = self._api.refusal_members(path, headers, refused)
        if scope["method"] == "POST" and members:
            await self._read_body(exchange, refused, receive)
        filled = members.filled(headers.single, exchange.body or b"") if members else {}
        more = {**self._api.challenge(path, refused), **self._api.refusal_headers(path, headers, refused)}
        return Response.refusing(refused, code, more, filled)

    async def _read_body(self, exchange: Exchange, refused: SnapError, receive: Receive) -> None:
        """Read the body of a refused call. After a limit was exceeded, the body that was not read stays unread."""
        if exchange.body is None and refused.code.status == HTTPStatus.BAD_REQUEST and not refused.headers:
            with suppress(SnapError):
                limits.require_length(exchange.headers, self._api.largest_body)
                exchange.body = await limits.read_body(receive, self._api.largest_body)


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
