"""The error middleware, with faults that a running server never shows."""

import asyncio
import io
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.config.settings import Settings
from handlers.server.openapi.application import application, public_api
from handlers.server.openapi.error_middleware import ErrorMiddleware
from handlers.services import Services
from handlers.snap.token import TokenKeys
from tests.calls import loaded_revocations
from tests.document import TOKEN_PATH, check_answer
from tests.merchant import BASE_PATH, NOON, Clock, services_of
from tests.nicepay import BODY, Nicepay, jakarta

LOCAL = "the value of a local variable"


class _BrokenKeys(TokenKeys):
    """Keys that raise an unexpected error."""

    def issue(self, client_key: str, issued_at: datetime) -> str:
        secret = LOCAL, client_key, issued_at
        message = f"{len(secret)} things are wrong"
        raise RuntimeError(message)


@pytest.fixture
def services(settings_file: Path) -> Services:
    """Services that issue tokens, and know that nothing is revoked."""
    return replace(services_of(Settings.load(settings_file), Clock()), revocations=loaded_revocations())


def _post(app: ASGIApp, nicepay: Nicepay, path: str = BASE_PATH + TOKEN_PATH) -> httpx.Response:
    """A genuine request, without a socket."""

    async def exchange() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://merchant.example") as client:
            return await client.post(path, headers=nicepay.headers(jakarta(NOON)), content=BODY)

    return asyncio.run(exchange())


def test_a_failure_is_a_general_error_and_a_logged_traceback(
    services: Services, nicepay: Nicepay, log: io.StringIO
) -> None:
    """After any unexpected error the caller gets only 5007300, and the log has the traceback in one line."""
    broken = replace(services, token_keys=_BrokenKeys.__new__(_BrokenKeys))
    response = _post(application(public_api(BASE_PATH), lambda: broken), nicepay)
    check_answer(response)
    (line,) = [json.loads(each) for each in log.getvalue().splitlines()]
    assert response.json() == {"responseCode": "5007300", "responseMessage": "General Error"}
    assert (line["event"], line["outcome"], line["client_key"]) == ("token.failed", "failed", "IONPAYTEST")
    assert "3 things are wrong" in line["exception"]
    assert LOCAL not in log.getvalue()


def test_the_answer_of_an_inner_middleware_is_sent_unchanged(
    services: Services, nicepay: Nicepay, log: io.StringIO
) -> None:
    """A page of the sandbox is not a decision, so it is not logged."""

    def layer(_app: ASGIApp) -> ASGIApp:
        async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a page"})

        return answer

    assert (
        _post(application(public_api(BASE_PATH), lambda: services, layer), nicepay, "/elsewhere").content == b"a page"
    )
    assert not log.getvalue()


def test_other_protocols_pass_the_error_middleware(services: Services) -> None:
    """Other protocols than HTTP, such as lifespan, are passed on unchanged."""
    seen = []

    async def below(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_message: Message) -> None:
        """Discard the message."""

    asyncio.run(ErrorMiddleware(below, public_api(BASE_PATH), lambda: services)({"type": "lifespan"}, receive, send))
    assert seen == ["lifespan"]


def test_a_caller_without_an_address_is_logged_without_one(
    services: Services, nicepay: Nicepay, log: io.StringIO
) -> None:
    """A request over a Unix socket has no remote address, and is served."""
    app = application(public_api(BASE_PATH), lambda: services)

    async def without_address(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": None}, receive, send)

    assert _post(without_address, nicepay).status_code == 200
    assert json.loads(log.getvalue())["remote"] is None


def test_a_405_lists_the_methods_of_the_path_in_allow(services: Services) -> None:
    """A 405 has the methods of the path in Allow."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(application(public_api(BASE_PATH), lambda: services))
        async with httpx.AsyncClient(transport=transport, base_url="http://merchant.example") as client:
            return await client.put(BASE_PATH + TOKEN_PATH)

    response = asyncio.run(ask())
    check_answer(response)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("raised", "code", "allow"),
    [
        (HTTPException(404), "4047300", None),
        (HTTPException(405, headers={"Allow": "GET"}), "4057300", "GET"),
        (HTTPException(418), "5007300", None),
    ],
    ids=["path", "method", "anything else"],
)
def test_http_exceptions_of_inner_middlewares_become_snap_answers(
    services: Services, nicepay: Nicepay, raised: HTTPException, code: str, allow: str | None
) -> None:
    """404 and 405 from an inner middleware are refusals. Every other HTTPException is a failure."""

    def layer(_app: ASGIApp) -> ASGIApp:
        async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise raised

        return refuse

    response = _post(application(public_api(BASE_PATH), lambda: services, layer), nicepay, "/elsewhere")
    assert response.json()["responseCode"] == code
    assert response.headers.get("allow") == allow
