"""What the way of a token request costs in this process, beside other ways to build it on Connexion.

Run by `make bench`. There is no socket, no log and no state, so what differs is the middleware stack. The stacks take
turns in short batches, and the best batch of each counts. Reported, never asserted.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
import uvloop
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.resolver import Resolver
from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.access_token import issue_access_token
from handlers.config.settings import Settings
from handlers.server.openapi.api import Api
from handlers.server.openapi.application import application, public_api
from handlers.server.openapi.error_middleware import ErrorMiddleware
from handlers.server.openapi.exchange import EXCHANGE
from handlers.server.openapi.handler_call import HandlerCall
from handlers.server.openapi.loading import load
from handlers.services import Services
from handlers.state.memory import MemoryState
from tests.calls import loaded_revocations
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON, Clock, services_of, write_settings
from tests.nicepay import BODY, Nicepay, jakarta

BATCHES = 300
BATCH = 60
_ARGUMENTS = {name: name.replace("_", "-").encode() for name in ("x_timestamp", "x_client_key", "x_signature")}


class _Forgetful(MemoryState):
    async def first_seen(self, key: str, ttl_seconds: int, now: datetime, signed_at: datetime | None = None) -> None:
        """Every request is the first."""


class _Unchecked:
    """In place of validation: hands the headers over as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = scope[EXCHANGE]
        exchange.arguments = {argument: exchange.headers.get(name) for argument, name in _ARGUMENTS.items()}
        await self._app(scope, receive, send)


def _stack(api: Api, services: Services, *inner: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
    """The product's outermost and innermost middlewares around others."""
    outermost = partial(ErrorMiddleware, api=api, services=lambda: services)
    app = ConnexionMiddleware(Router(), middlewares=[outermost, *inner, _Unchecked, HandlerCall])
    resolver = Resolver(lambda _operation_id: partial(issue_access_token, services))
    app.add_api(load(api), base_path="", resolver=resolver, api=api)
    asgi: ASGIApp = app
    return asgi


def _ways(api: Api, services: Services) -> dict[str, ASGIApp]:
    return {
        "this server": application(api, lambda: services),
        "routing alone, nothing is validated": _stack(api, services, RoutingMiddleware),
        "Connexion's own validation": _stack(api, services, RoutingMiddleware, RequestValidationMiddleware),
    }


def _scope(headers: Sequence[tuple[bytes, bytes]]) -> Scope:
    path = BASE_PATH + TOKEN_PATH
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
    }


async def _receive() -> Message:
    return {"type": "http.request", "body": BODY, "more_body": False}


async def _ignore(_message: Message) -> None:
    """Nobody reads the answers."""


async def _require_token(app: ASGIApp, headers: Sequence[tuple[bytes, bytes]]) -> None:
    seen: list[Message] = []

    async def send(message: Message) -> None:
        seen.append(message)

    await app(_scope(headers), _receive, send)
    assert seen[0]["status"] == 200, seen


async def _microseconds(app: ASGIApp, headers: Sequence[tuple[bytes, bytes]]) -> float:
    begun = time.process_time_ns()
    for _ in range(BATCH):
        await app(_scope(headers), _receive, _ignore)
    return (time.process_time_ns() - begun) / BATCH / 1e3


async def _best(ways: dict[str, ASGIApp], headers: Sequence[tuple[bytes, bytes]]) -> dict[str, float]:
    for app in ways.values():
        await _require_token(app, headers)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(BATCHES):
        for name, app in ways.items():
            best[name] = min(best[name], await _microseconds(app, headers))
    return best


def main() -> None:
    """Measure, print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    nicepay = Nicepay()
    sent = {"Host": "merchant.example", "Content-Length": str(len(BODY)), **nicepay.headers(jakarta(NOON))}
    headers = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    with TemporaryDirectory() as folder:
        services = services_of(Settings.load(write_settings(Path(folder), nicepay)), Clock())
    services = replace(services, state=_Forgetful(), revocations=loaded_revocations())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        best = runner.run(_best(_ways(public_api(BASE_PATH), services), headers))
    for name, microseconds in best.items():
        ratio = microseconds / best["this server"]
        sys.stdout.write(f"{name:36} {microseconds:6.1f} us a token request, {ratio:.2f} of this server's\n")


if __name__ == "__main__":
    main()
