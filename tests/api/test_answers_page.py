"""Each row of the documentation's table of answers to token requests, with the running server."""

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from handlers.config.settings import Settings
from handlers.server.http import limits
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON, Clock, Merchant, running
from tests.nicepay import BODY, CLIENT_KEY, Nicepay, jakarta
from tests.pages import section

ROW = re.compile(
    r"^\| (?P<request>.+?) \| (?P<status>\d{3}) `(?P<code>\d{7})` (?P<message>.+?) \| (?:`(.+)` )?\|$", re.MULTILINE
)
ROWS = {row["request"]: row for row in ROW.finditer(section("answers", "## Token requests"))}

Ask = Callable[[Merchant, Nicepay], httpx.Response]


def _with(**altered: str | None) -> Ask:
    """A genuine request with some headers changed or removed."""
    named = {name.replace("_", "-"): value for name, value in altered.items()}

    def ask(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
        headers = {**nicepay.headers(jakarta(merchant.clock.now)), **named}
        return merchant.send({name: value for name, value in headers.items() if value is not None})

    return ask


def _body(body: bytes) -> Ask:
    def ask(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
        return merchant.send(nicepay.headers(jakarta(merchant.clock.now)), body)

    return ask


def _to(path: str = BASE_PATH + TOKEN_PATH, method: str = "POST") -> Ask:
    def ask(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
        return merchant.send(nicepay.headers(jakarta(merchant.clock.now)), method=method, path=path)

    return ask


def _at(offset: timedelta) -> Ask:
    def ask(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
        return merchant.ask(nicepay, jakarta(merchant.clock.now + offset))

    return ask


def _repeat(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    merchant.ask(nicepay)
    merchant.log()
    return merchant.ask(nicepay)


def _repeat_after_revocation(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    merchant.ask(nicepay)
    asyncio.run(merchant.revocations.revoke_client(CLIENT_KEY, 900))
    merchant.log()
    return merchant.ask(nicepay)


def _with_duplicate_header(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    headers = list(nicepay.headers(jakarta(merchant.clock.now)).items())
    return merchant.send([*headers, headers[-1]])


def _without_body(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    """Send headers with a Content-Length and no body, and wait for the answer after the timeout."""
    return _head_only(merchant, nicepay, {"Content-Length": str(len(BODY))})


def _with_other_transfer_coding(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    """Announce a body that is compressed and chunked."""
    return _head_only(merchant, nicepay, {"Transfer-Encoding": "gzip, chunked"})


def _with_fragment(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    """Send a fragment by hand, because HTTP client libraries remove it."""
    return _head_only(merchant, nicepay, {}, f"{BASE_PATH}{TOKEN_PATH}?a#b")


def _head_only(
    merchant: Merchant, nicepay: Nicepay, framing: dict[str, str], target: str = BASE_PATH + TOKEN_PATH
) -> httpx.Response:
    connection = HTTPConnection(merchant.origin.removeprefix("http://"))
    connection.putrequest("POST", target)
    for name, value in (nicepay.headers(jakarta(merchant.clock.now)) | framing).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    response = httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
    connection.close()
    return response


def _too_many_of_the_client(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    merchant.ask(nicepay)
    merchant.log()
    return merchant.ask(nicepay)


def _too_many_refused(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    """Send a forged request and then a genuine one, both from the same address."""
    genuine = nicepay.headers(jakarta(merchant.clock.now)) | {"X-Forwarded-For": "203.0.113.9"}
    merchant.send(genuine | {"X-SIGNATURE": "AAAA"})
    merchant.log()
    return merchant.send(genuine)


def _failing(merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    """Set the clock before 1970, because no token can be issued then."""
    merchant.clock.now = datetime(1969, 1, 1, tzinfo=UTC)
    return merchant.ask(nicepay)


REQUESTS: dict[str, Ask] = {
    "valid request": _with(),
    "the same request again, within the time window": _repeat,
    "the same request again, if `token.repeat` is `refuse`": _repeat,
    "the same request again, after the client's tokens were revoked": _repeat_after_revocation,
    "empty body": _body(b""),
    "body is not JSON, or not UTF-8": _body(b"\xff"),
    "duplicate member in the body": _body(b'{"grantType":"client_credentials","grantType":"client_credentials"}'),
    "body with more than 32 levels of nesting": _body(
        b'{"grantType":"client_credentials","additionalInfo":' + b"[" * 32 + b"]" * 32 + b"}"
    ),
    "duplicate header: a header of the contract, Content-Type, Content-Encoding or Host": _with_duplicate_header,
    "Host is missing or empty": _with(Host=""),
    "fragment (`#`) in the request target": _with_fragment,
    "HTTP version other than 1.0 or 1.1, or a transfer coding other than `chunked`": _with_other_transfer_coding,
    "header with an invalid format": _with(X_TIMESTAMP="today"),
    "body is JSON, but not an object": _body(b"[]"),
    "`grantType` is not `client_credentials`": _body(b'{"grantType":"password"}'),
    "header is missing or empty": _with(X_SIGNATURE=None),
    "`grantType` is missing, empty or null": _body(b"{}"),
    "`grant_type` in place of `grantType`": _body(b'{"grant_type":"client_credentials"}'),
    "`granttype` in lower case, as in SNAP v1.0.1": _body(b'{"granttype":"client_credentials"}'),
    "timestamp too old": _at(timedelta(seconds=-301)),
    "timestamp in the future": _at(timedelta(seconds=302)),
    "local time of a UTC host, with the offset `+07:00`": _at(timedelta(hours=-7)),
    "right time with the offset of another zone, such as Jakarta time with `Z`": _at(timedelta(hours=7)),
    "unknown client": _with(X_CLIENT_KEY="NOBODY"),
    "no public key of the client verifies the signature": _with(X_SIGNATURE="AAAA"),
    "other path, a slash at the end, or an escape (`%2D`) in the path": _to(f"{BASE_PATH}{TOKEN_PATH}/"),
    "other method": _to(method="GET"),
    "body is incomplete 10 seconds after the headers": _without_body,
    "body over 16,384 bytes": _body(b" " * 16_385),
    "path and query over 2,048 bytes": _to("/" + "x" * 2_048),
    "media type is not JSON in UTF-8 (missing or empty is accepted)": _with(Content_Type="text/plain"),
    "compressed body (Content-Encoding)": _with(Content_Encoding="gzip"),
    "the client sends too many genuine requests": _too_many_of_the_client,
    "too many requests from the address were refused": _too_many_refused,
    "over 64 headers, or over 16,384 bytes of headers": _with(X_FILLER="x" * 16_384),
    "error in the server": _failing,
    "the state store is unavailable": _with(),
}
# Rows that need other settings, as an environment variable and its value.
OTHER_SETTINGS = {
    "the same request again, if `token.repeat` is `refuse`": ("SNAP_TOKEN__TOKEN__REPEAT", "refuse"),
    "the same request again, after the client's tokens were revoked": ("SNAP_TOKEN__TOKEN__REPEAT", "same-span"),
    "the client sends too many genuine requests": ("SNAP_TOKEN__LIMITS__CLIENT_REQUESTS_PER_MINUTE", "1"),
    "too many requests from the address were refused": ("SNAP_TOKEN__LIMITS__ADDRESS_REFUSALS_PER_MINUTE", "1"),
    "the state store is unavailable": ("SNAP_TOKEN__STATE__URL", "unix:///nowhere.sock?db=0"),
}


@pytest.fixture
def merchant_of_row(
    request_: str, merchant: Merchant, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Merchant]:
    """The merchant with the settings for the row."""
    if request_ not in OTHER_SETTINGS:
        yield merchant
        return
    monkeypatch.setenv(*OTHER_SETTINGS[request_])
    with running(Settings.load(settings_file), Clock()) as other:
        yield other


def test_the_table_has_the_rows_of_this_test() -> None:
    """This module tests exactly the rows of the page."""
    assert list(ROWS) == list(REQUESTS)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_row_is_true(
    request_: str, merchant_of_row: Merchant, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request of the row gets the row's status, code and message, and the log has its reason."""
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    row = ROWS[request_]
    response = REQUESTS[request_](merchant_of_row, nicepay)
    line = next(each for each in merchant_of_row.log() if each["event"].startswith("token."))
    assert response.status_code == int(row["status"])
    assert line["response_code"] == row["code"]
    assert line.get("reason") == row[5]
    if response.content:
        assert re.fullmatch(re.escape(row["message"]).replace("…", ".+"), response.json()["responseMessage"])


def test_the_clock_is_reset(merchant: Merchant) -> None:
    """The clock is reset after a row that sets it."""
    assert merchant.clock.now == NOON
