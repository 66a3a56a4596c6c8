"""What the way of a token request costs in this process, beside other ways to build it on Connexion.

Run by `make bench`. There is no socket, no log and no state, so what differs is the middleware stack. The stacks take
turns in short batches, and the best batch of each counts. Reported, never asserted.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from ipaddress import ip_address
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
from handlers.config.limits_table import MOST_REQUESTS_PER_MINUTE
from handlers.config.settings import Settings
from handlers.request_limits import RequestLimits
from handlers.server.http.client_address import CALLER
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
_CALLER = ip_address("203.0.113.9")
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
    unlimited = replace(services, request_limits=RequestLimits(0, 0))
    return {
        "this server": application(api, lambda: services),
        "this server, without [limits]": application(api, lambda: unlimited),
        "routing alone, nothing is validated": _stack(api, services, RoutingMiddleware),
        "Connexion's own validation": _stack(api, services, RoutingMiddleware, RequestValidationMiddleware),
    }


@dataclass(frozen=True)
class Request:
    """One POST request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def scope(self) -> Scope:
        sent = {"Host": "merchant.example", "Content-Length": str(len(self.body)), **self.headers}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("203.0.113.9", 1),
            CALLER: _CALLER,
            "server": ("127.0.0.1", 80),
            "extensions": {},
        }

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self.body, "more_body": False}


Way = tuple[ASGIApp, Request]


async def _ignore(_message: Message) -> None:
    """Nobody reads the answers."""


async def _require_success(app: ASGIApp, request: Request) -> None:
    seen: list[Message] = []

    async def send(message: Message) -> None:
        seen.append(message)

    await app(request.scope, request.receive, send)
    assert seen[0]["status"] == 200, seen


async def _microseconds(app: ASGIApp, request: Request) -> float:
    scopes = [request.scope for _ in range(BATCH)]
    begun = time.process_time_ns()
    for scope in scopes:
        await app(scope, request.receive, _ignore)
    return (time.process_time_ns() - begun) / BATCH / 1e3


async def _best(ways: Mapping[str, Way]) -> dict[str, float]:
    for app, request in ways.values():
        await _require_success(app, request)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(BATCHES):
        for name, way in ways.items():
            best[name] = min(best[name], await _microseconds(*way))
    return best


def compare(ways: Mapping[str, Way]) -> None:
    """Measure the CPU time of each way, and print it beside that of the first one."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        best = runner.run(_best(ways))
    first = next(iter(ways))
    for name, microseconds in best.items():
        sys.stdout.write(f"{name:36} {microseconds:6.1f} us of CPU, {microseconds / best[first]:.2f} of {first}\n")


def switch_log_off() -> None:
    """Switch the log off, before the application makes its loggers."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()


def forgetful(settings: Path) -> Services:
    """The services of these settings, with a state store for which every request is the first."""
    services = services_of(Settings.load(settings), Clock())
    # Counted, and never reached.
    limits = RequestLimits(MOST_REQUESTS_PER_MINUTE, MOST_REQUESTS_PER_MINUTE)
    return replace(services, state=_Forgetful(), revocations=loaded_revocations(), request_limits=limits)


def main() -> None:
    """Measure a token request."""
    switch_log_off()
    nicepay = Nicepay()
    request = Request(BASE_PATH + TOKEN_PATH, nicepay.headers(jakarta(NOON)), BODY)
    with TemporaryDirectory() as folder:
        services = forgetful(write_settings(Path(folder), nicepay))
    compare({name: (app, request) for name, app in _ways(public_api(BASE_PATH), services).items()})


if __name__ == "__main__":
    main()
