"""The verdict in the audit line of a refusal."""

import asyncio
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from connexion.middleware.main import ConnexionMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.config.settings import Settings
from handlers.config.tables import Internal
from handlers.doctor.checks import asymmetric_signature
from handlers.doctor.checks.rsa_recovery import Recovered
from handlers.doctor.log_verdict import verdict
from handlers.doctor.request import Request
from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability import configure
from handlers.server.observability.refusal_diagnosis import MOST_A_SECOND, RefusalDiagnoser
from handlers.server.openapi.application import application, internal_api, public_api
from handlers.services import Services
from handlers.snap.codes import SnapError, unauthorized
from tests.calls import loaded_revocations
from tests.merchant import BASE_PATH, NOON, Clock, services_of
from tests.mistakes import (
    CALL_MISTAKES,
    INTERNAL_SECRET,
    NOW,
    SYMMETRIC,
    TOKEN_MISTAKES,
    Make,
    World,
    call,
    rows,
    token_request,
    write_world,
)
from tests.mistakes_in_transport import (
    CALL_NAME_MISTAKES,
    SIGNATURE_MISTAKES,
    TOKEN_HEADER_MISTAKES,
    TOKEN_NAME_MISTAKES,
)
from tests.mistakes_without_token import TOKENLESS_MISTAKES, notification
from tests.nicepay import CLIENT_KEY

DEARER = {
    # What takes more keys, more time or the body than a server spends: what it says instead.
    "timestamp.signed_another_second: 600 s": "string.unknown",
    "string.with_body: behind it": "string.unknown",
    "string.with_body: its hash": "string.unknown",
    "string.with_body: the symmetric form of ASPI's standard": "string.unknown",
    "padding.pss: PS512": "key.unknown",
    "padding.pss: with SHA-1": "key.unknown",
    "key.of_another_client: right string": "key.unknown",
    "key.of_another_client: key": "key.unknown",
    "key.published: test key": "key.unknown",
    "key.published: test key, call": "key.unknown",
    "signature.bytes_reversed: as Windows CryptoAPI": "key.unknown",
    "call.signed_symmetrically: agreed otherwise": "signature.wrong_length",
    "clock.wrong_date: the year of the Buddhist calendar": "clock.ahead",
    "clock.wrong_date: yesterday": "clock.behind",
    "clock.month_as_minutes: +05:30": "clock.wrong_zone_label",
    "clock.month_as_minutes: +05:45": "clock.behind",
}
# The client of these tests sends no fragment.
TOKEN_ROWS = [row for row in rows(TOKEN_MISTAKES) if row[0] != "genuine" and "fragment" not in row[1]]
TOKEN_ROWS += rows(SIGNATURE_MISTAKES | TOKEN_NAME_MISTAKES)
TOKENLESS_ROWS = [row for row in rows(TOKENLESS_MISTAKES) if row[0] not in {"genuine", "call.body_not_forwarded"}]
WITHOUT_BODY = {
    # Without the body, and with two key operations, the server finds out less.
    "call.signed_with_transaction_key: a notification": "key.unknown",
    "call.signed_with_notification_key: body-signed": "key.unknown",
    "call.signed_with_notification_key: with a token": "key.unknown",
    "call.body_changed: numbers": "call.string_unknown",
    "call.hash_upper_case: capitals": "call.string_unknown",
    "call.path_with_host: https": "call.string_unknown",
    "timestamp.signed_another_second: body-signed": "call.string_unknown",
    "key.of_another_client: body-signed": "key.unknown",
    "key.published: body-signed, test key": "key.unknown",
}
CALL_ROWS = [row for row in rows(CALL_MISTAKES) if row[0] != "genuine"]
# The client of these tests sends ASCII only.
CALL_ROWS += [row for table in TOKEN_HEADER_MISTAKES for row in rows(table) if row[1].isascii()]


@pytest.fixture(scope="module")
def world() -> World:
    """Clients and their keys."""
    return World()


@pytest.fixture(scope="module")
def services(world: World, tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Services that have these clients."""
    settings = Settings.load(write_world(tmp_path_factory.mktemp("world"), world))
    return replace(services_of(settings, Clock()), revocations=loaded_revocations())


@pytest.fixture(scope="module")
def _stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure.set_up(stream)
    yield stream
    configure.set_up()


@pytest.fixture
def log(_stream: io.StringIO) -> io.StringIO:
    """The log lines from now on."""
    configure.set_up(_stream)
    _stream.seek(0)
    _stream.truncate()
    return _stream


Judge = Callable[[Request], object]


def _first(sent: RequestHeaders, error: SnapError, services: Services, now: datetime) -> Mapping[str, str]:
    return RefusalDiagnoser()(sent, error, services, now)


@pytest.fixture(scope="module")
def public_app(services: Services, _stream: io.StringIO) -> ConnexionMiddleware:
    """The public application. Each test begins with a full limit of verdicts."""
    configure.set_up(_stream)
    return application(replace(public_api(BASE_PATH), explain=_first), lambda: services)


@pytest.fixture(scope="module")
def internal_app(services: Services, _stream: io.StringIO) -> ConnexionMiddleware:
    """The internal application. Each test begins with a full limit of verdicts."""
    configure.set_up(_stream)
    api = internal_api(Internal.model_validate({}), lambda: services)
    return application(replace(api, explain=_first), lambda: services)


@pytest.fixture
def judge(public_app: ConnexionMiddleware, log: io.StringIO) -> Judge:
    """Send a token request. Return the verdict in the last log line."""

    def sent(request: Request) -> object:
        asyncio.run(_exchange(public_app, request))
        return _last(log).get("verdict")

    return sent


@pytest.fixture
def judge_call(internal_app: ConnexionMiddleware, log: io.StringIO) -> Judge:
    """Ask about a call like a proxy. Return the verdict in the last log line."""

    def sent(request: Request) -> object:
        original = [("X-Original-Method", request.method), ("X-Original-URI", request.target)]
        original.append(("X-Internal-Authorization", f"Bearer {INTERNAL_SECRET.decode()}"))
        headers = [*(pair for pair in request.headers if pair[0] != "Host"), *original]
        asyncio.run(_exchange(internal_app, Request("POST", "/authorize", tuple(headers), request.body)))
        return _last(log).get("verdict")

    return sent


async def _exchange(app: ASGIApp, request: Request) -> httpx.Response:
    async def spoken(scope: Scope, receive: Receive, send: Send) -> None:
        # As the connection has it: with a fragment, which the client leaves out.
        raw_path = request.target.partition("?")[0].encode("latin-1")
        await app({**scope, "http_version": request.version, "raw_path": raw_path}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(spoken), base_url="http://127.0.0.1") as client:
        return await client.request(request.method, request.target, headers=list(request.headers), content=request.body)


def _last(log: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(log.getvalue().splitlines()[-1])
    return line


@pytest.mark.parametrize(("expected", "name", "make"), TOKEN_ROWS, ids=[f"{row[0]}: {row[1]}" for row in TOKEN_ROWS])
def test_a_refused_request_for_a_token_has_a_verdict(
    expected: str, name: str, make: Make, world: World, judge: Judge
) -> None:
    """It is the doctor's verdict, unless that needs the body or more than two verifications."""
    assert judge(make(world)) == DEARER.get(f"{expected}: {name}", expected)


@pytest.mark.parametrize(("expected", "name", "make"), CALL_ROWS, ids=[f"{row[0]}: {row[1]}" for row in CALL_ROWS])
def test_a_refused_call_has_a_verdict(expected: str, name: str, make: Make, world: World, judge_call: Judge) -> None:
    """It is the doctor's verdict. An invalid symmetric signature has none."""
    request = make(world)
    is_hmac = request.get("X-PARTNER-ID") == SYMMETRIC and len(request.get("X-SIGNATURE")) in {28, 44, 88}
    is_judged = expected in {"call.body_not_forwarded", "clock.wrong_zone_label"} or expected.startswith("token.")
    found = None if is_hmac and not is_judged else DEARER.get(f"{expected}: {name}", expected)
    assert judge_call(request) == found


@pytest.mark.parametrize("table", CALL_NAME_MISTAKES)
def test_a_wrong_name_of_a_header_has_a_verdict(
    table: dict[str, list[tuple[str, Make]]], world: World, judge_call: Judge
) -> None:
    """The log names the mistake in the name, where the server only misses the header."""
    # Each form of signature has the same names.
    assert {judge_call(make(world)) for _, _, make in rows(table)[:3]} <= {"header.underscores", "header.misspelt"}


@pytest.mark.parametrize(
    ("expected", "name", "make"), TOKENLESS_ROWS, ids=[f"{row[0]}: {row[1]}" for row in TOKENLESS_ROWS]
)
def test_a_refused_call_without_a_token_has_a_verdict(
    expected: str, name: str, make: Make, world: World, judge_call: Judge
) -> None:
    """It is the doctor's verdict, as far as it can be found without the body of the call."""
    assert judge_call(make(world)) == WITHOUT_BODY.get(f"{expected}: {name}", expected)


def test_a_copy_of_a_notification_has_a_verdict(world: World, judge_call: Judge) -> None:
    """It names no external ID, because a notification has none."""
    assert judge_call(notification(world)) is None
    assert judge_call(notification(world)) == "call.notification_repeated"


def test_a_repeated_call_has_a_verdict(world: World, judge_call: Judge) -> None:
    """The server knows that the external ID was used before, which the doctor cannot know."""
    genuine = call(world)
    assert judge_call(genuine) is None
    assert judge_call(genuine) == "call.external_id_repeated"


def test_an_unknown_reason_has_no_verdict(world: World, services: Services) -> None:
    """A reason that the doctor does not know is logged without a verdict."""
    sent = RequestHeaders.of([(b"x-client-key", b"A")])
    assert RefusalDiagnoser()(sent, unauthorized(field="", reason="state.down"), services, NOON) == {}
    assert verdict("body.field_missing", "token", Request("POST", "/", ()), world.clients) is None
    assert verdict("header.malformed", "X-SIGNATURE", Request("POST", "/", ()), world.clients) == "signature.not_base64"


def test_verdicts_are_limited_in_rate(services: Services) -> None:
    """Ten verdicts per second. Further refusals in the same second have none."""
    assert MOST_A_SECOND == 10
    explainer, sent, error = (
        RefusalDiagnoser(),
        RequestHeaders.of([]),
        unauthorized(field="X-TIMESTAMP", reason="clock.behind"),
    )
    given = [explainer(sent, error, services, NOON) for _ in range(12)]
    assert given == [{"verdict": "clock.behind"}] * 10 + [{}] * 2
    assert explainer(sent, error, services, NOON + timedelta(seconds=1)) == {"verdict": "clock.behind"}


def test_a_verdict_that_fails_costs_no_audit_line(services: Services, log: io.StringIO) -> None:
    """The error of a failed diagnosis is logged, and the audit line has no verdict."""
    broken = replace(services, clients=cast("Any", None))
    assert (
        RefusalDiagnoser()(RequestHeaders.of([]), unauthorized(field="", reason="partner.mismatch"), broken, NOON) == {}
    )
    assert (_last(log)["event"], _last(log)["level"]) == ("verdict.failed", "error")


@pytest.mark.parametrize("key", ["nicepay", "other", "stranger"])
def test_no_more_than_two_verifications_are_made(key: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known and unknown clients cause the same two operations with a key."""
    made = []

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def operation(*given: object) -> object:
            made.append(original)
            return original(*given)

        return operation

    for name in ("recover", "verify_as_pss"):
        monkeypatch.setattr(asymmetric_signature, name, counted(getattr(asymmetric_signature, name)))
    text = world.sign("some other text", key=getattr(world, key).private_key)
    for client_key in (CLIENT_KEY, "NOBODY"):
        made.clear()
        reason = "signature.mismatch" if client_key == CLIENT_KEY else "client.unknown"
        verdict(reason, "", token_request(world, text, X_CLIENT_KEY=client_key), world.clients)
        assert len(made) == (1 if key == "nicepay" and client_key == CLIENT_KEY else 2)


def test_few_texts_are_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timestamp with milliseconds causes no search through all its possible values, which would block the server."""
    tried: list[bytes] = []
    matches = Recovered.matches

    def counted(self: Recovered, message: bytes) -> bool:
        tried.append(message)
        return matches(self, message)

    monkeypatch.setattr(Recovered, "matches", counted)
    request = token_request(world, world.sign("some other text"), X_TIMESTAMP=NOW.replace("+", ".123+"))
    assert verdict("signature.mismatch", "", request, world.clients) == "string.unknown"
    assert 300 < len(tried) < 400


def test_the_answer_goes_out_first(world: World, public_app: ConnexionMiddleware, log: io.StringIO) -> None:
    """The audit line is written after the answer is sent, and also if sending fails."""
    request = token_request(world, X_CLIENT_KEY="NOBODY")
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": request.target, "query_string": b""}
    scope |= {"raw_path": request.target.encode(), "headers": headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body}

    async def send(_message: Message) -> None:
        assert not log.getvalue()
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(public_app(scope, receive, send))
    assert (_last(log)["event"], _last(log)["verdict"]) == ("token.refused", "client.unknown")
