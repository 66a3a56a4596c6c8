"""Each input and the answer that the contract requires for it, over HTTP."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from handlers.config.settings import Settings
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON, Clock, Merchant, running, write_settings
from tests.nicepay import BODY, Nicepay, fingerprint, jakarta

NEITHER = "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"


def test_a_genuine_request_gets_a_token(merchant: Merchant, nicepay: Nicepay) -> None:
    """A genuine request gets a token for 900 seconds, in the exact format of the contract."""
    response = merchant.ask(nicepay)
    body = response.json()
    token = body.pop("accessToken")
    assert response.status_code == 200
    assert body == {
        "responseCode": "2007300",
        "responseMessage": "Successful",
        "tokenType": "Bearer",
        "expiresIn": "900",
        "additionalInfo": {},
    }
    assert len(token) == 100
    assert response.headers["x-timestamp"] == jakarta(merchant.clock.now)
    assert response.headers["x-client-key"] == nicepay.client_key


def test_identical_requests_get_different_tokens(merchant: Merchant, nicepay: Nicepay) -> None:
    """Two requests that are signed in the same second are byte-identical, and each gets a new token."""
    first, second = (merchant.ask(nicepay).json()["accessToken"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("name", ["X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE"])
@pytest.mark.parametrize("empty", [True, False], ids=["empty", "absent"])
def test_a_missing_header_is_named(merchant: Merchant, nicepay: Nicepay, name: str, *, empty: bool) -> None:
    """A mandatory header that is absent or empty is refused with 4007302 and its name."""
    headers = nicepay.headers(jakarta(merchant.clock.now))
    if empty:
        headers[name] = ""
    else:
        del headers[name]
    response = merchant.send(headers)
    assert response.json() == {
        "responseCode": "4007302",
        "responseMessage": f"Invalid Mandatory Field {name}",
    }
    assert merchant.decision()["reason"] == "header.missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-TIMESTAMP", "2026-01-22 12:00:01+07:00"),
        ("X-TIMESTAMP", "2026-02-30T12:00:01+07:00"),
        ("X-TIMESTAMP", "1769058001"),
        ("X-CLIENT-KEY", "x" * 37),
        ("X-CLIENT-KEY", "IONPAY TEST"),
        ("X-SIGNATURE", '"c2lnbmF0dXJl"'),
        ("X-SIGNATURE", "c2lnbmF0dXJlcw"),
        ("X-SIGNATURE", "c2lnbmF0-XJl"),
        ("X-SIGNATURE", "c2lnbmF0dXJlcx=="),
        ("X-SIGNATURE", "c2ln bmF0"),
        ("X-SIGNATURE", "AAAA" * 513),
    ],
)
def test_a_malformed_header_is_named(merchant: Merchant, nicepay: Nicepay, name: str, value: str) -> None:
    """A malformed header is refused with 4007301 and its name."""
    headers = nicepay.headers(jakarta(merchant.clock.now)) | {name: value}
    assert merchant.send(headers).json() == {
        "responseCode": "4007301",
        "responseMessage": f"Invalid Field Format {name}",
    }
    assert merchant.decision()["reason"] == "header.malformed"


@pytest.mark.parametrize("name", ["X-TIMESTAMP", "x-client-key", "X-SIGNATURE", "Content-Type"])
def test_a_duplicated_header_is_a_bad_request(merchant: Merchant, nicepay: Nicepay, name: str) -> None:
    """A second copy of a header is refused with 4007300, even an equal one; a duplicated client key is not echoed."""
    headers = list(nicepay.headers(jakarta(merchant.clock.now)).items())
    value = {key.lower(): value for key, value in headers}[name.lower()]
    response = merchant.send([*headers, (name, value)])
    assert response.json() == {"responseCode": "4007300", "responseMessage": "Bad Request"}
    assert ("x-client-key" in response.headers) == (name != "x-client-key")
    line = merchant.decision()
    assert (line["reason"], line["header"]) == ("header.duplicated", name.lower())


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "4007300", "Bad Request"),
        (b"grantType=client_credentials", "4007300", "Bad Request"),
        (b'{"grantType":"client_credentials"', "4007300", "Bad Request"),
        (b'{"grantType":"client_credentials"}x', "4007300", "Bad Request"),
        (b'{"grantType":"client_credentials\xff"}', "4007300", "Bad Request"),
        (b"\xef\xbb\xbf" + BODY, "4007300", "Bad Request"),
        (b'{"grantType":"client_credentials","additionalInfo":NaN}', "4007300", "Bad Request"),
        (b'{"grantType":"x","grantType":"client_credentials"}', "4007300", "Bad Request"),
        (b"[" * 16_000, "4007300", "Bad Request"),
        (b"[]", "4007301", "Invalid Field Format body"),
        (b"null", "4007301", "Invalid Field Format body"),
        (b'"client_credentials"', "4007301", "Invalid Field Format body"),
        (b"7", "4007301", "Invalid Field Format body"),
        (b"{}", "4007302", "Invalid Mandatory Field grantType"),
        (b'{"grant_type":"client_credentials"}', "4007302", "Invalid Mandatory Field grantType"),
        (b'{"grantType":""}', "4007302", "Invalid Mandatory Field grantType"),
        (b'{"grantType":null}', "4007302", "Invalid Mandatory Field grantType"),
        (b'{"grantType":"authorization_code"}', "4007301", "Invalid Field Format grantType"),
        (b'{"grantType":"CLIENT_CREDENTIALS"}', "4007301", "Invalid Field Format grantType"),
        (b'{"grantType":["client_credentials"]}', "4007301", "Invalid Field Format grantType"),
        (b'{"grantType":1}', "4007301", "Invalid Field Format grantType"),
        (b"{" + b" " * 16_383 + b"}", "4137300", "Content Too Large"),
    ],
)
def test_a_wrong_body_is_refused_with_its_mistake(
    merchant: Merchant, nicepay: Nicepay, body: bytes, code: str, message: str
) -> None:
    """The answer names the mistake: no JSON, no object, grantType missing or wrong, body too large."""
    response = merchant.send(nicepay.headers(jakarta(merchant.clock.now)), body)
    assert response.json() == {"responseCode": code, "responseMessage": message}


@pytest.mark.parametrize(
    "value", ["{}", "[]", '""', '"{}"', "null", "0", "true", '{"a":[1.5e999]}', "9" * 5000, '"\\u00e9"']
)
def test_additional_info_may_be_anything(merchant: Merchant, nicepay: Nicepay, value: str) -> None:
    """Any JSON value in additionalInfo is ignored, even a number of 5,000 digits."""
    body = f'{{"grantType":"client_credentials","additionalInfo":{value}}}'.encode()
    assert merchant.send(nicepay.headers(jakarta(merchant.clock.now)), body).status_code == 200


def test_unknown_members_and_headers_are_ignored(merchant: Merchant, nicepay: Nicepay) -> None:
    """Members and headers that the contract does not name change nothing."""
    headers = nicepay.headers(jakarta(merchant.clock.now)) | {
        "X-EXTERNAL-ID": "",
        "Authorization": "",
        "CHANNEL-ID": "",
    }
    assert merchant.send(headers, b'{"grantType":"client_credentials","more":{"x":1}}').status_code == 200


def test_a_body_of_exactly_the_limit_is_read(merchant: Merchant, nicepay: Nicepay) -> None:
    """A body of 16,384 bytes is accepted."""
    assert merchant.send(nicepay.headers(jakarta(merchant.clock.now)), BODY.ljust(16_384)).status_code == 200


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "APPLICATION/JSON",
        "Application/Json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF8",
        'application/json; charset="Utf-8"',
        "application/json; charset=utf_8; profile=x",
        "",
        None,
    ],
)
def test_every_name_of_json_is_json_and_is_validated(
    merchant: Merchant, nicepay: Nicepay, media_type: str | None
) -> None:
    """The body is accepted and validated with each spelling of the media type JSON in UTF-8, and without any."""
    headers = nicepay.headers(jakarta(merchant.clock.now))
    if media_type is None:
        del headers["Content-Type"]
    else:
        headers["Content-Type"] = media_type
    assert merchant.send(headers).status_code == 200
    assert merchant.send(headers, b'{"grantType":"x"}').json()["responseCode"] == "4007301"


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=latin-1",
        "application/json; charset=bogus",
        "application/json; charset=utf-16",
        "json",
    ],
)
def test_another_media_type_is_refused(merchant: Merchant, nicepay: Nicepay, media_type: str) -> None:
    """A media type other than JSON in UTF-8 is refused with 4157300, even if the body is valid JSON."""
    headers = nicepay.headers(jakarta(merchant.clock.now)) | {"Content-Type": media_type}
    assert merchant.send(headers).json() == {"responseCode": "4157300", "responseMessage": "Unsupported Media Type"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/access-token/b2b",
        "/api/v1.0",
        "/api/v1.0/",
        "/api/v1.0/access-token/b2b/",
        "/api/v1.0/access-token/B2B",
        "/api/v1.0//access-token/b2b",
        "/api/v1.0/access%2Dtoken/b2b",
        "/api/v1.0/access-token/%62%32%62",
        "/ui/",
        "/openapi.yaml",
        "/api/v1.0/openapi.json",
    ],
)
def test_an_unknown_path_is_not_found(merchant: Merchant, nicepay: Nicepay, path: str) -> None:
    """Any other path, also of the sandbox's or Connexion's pages, is refused with 4047300 and without a redirect."""
    response = merchant.send(nicepay.headers(jakarta(merchant.clock.now)), path=path)
    assert response.json() == {"responseCode": "4047300", "responseMessage": "Not Found"}
    assert "location" not in response.headers
    decision = merchant.decision()
    assert (decision["reason"], decision["method"], decision["path"]) == ("path.unknown", "POST", path)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_is_not_supported(merchant: Merchant, method: str) -> None:
    """Any other method is refused with 4057300, and the header Allow names POST."""
    response = merchant.send({}, b"", method=method)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    decision = merchant.decision()
    assert (decision["response_code"], decision["method"]) == ("4057300", method)


@pytest.mark.parametrize("seconds", [-301.25, 301])
def test_a_timestamp_outside_the_window_is_named(merchant: Merchant, nicepay: Nicepay, seconds: float) -> None:
    """A timestamp that is too old or too new is refused with 4017300 before client key and signature are checked."""
    headers = nicepay.headers(jakarta(merchant.clock.now + timedelta(seconds=seconds)))
    for altered in (headers, headers | {"X-SIGNATURE": "AAAA"}, headers | {"X-CLIENT-KEY": "NOBODY"}):
        response = merchant.send(altered)
        assert response.json() == {"responseCode": "4017300", "responseMessage": "Unauthorized. X-TIMESTAMP"}
        line = merchant.decision()
        assert line["reason"] == ("clock.behind" if seconds < 0 else "clock.ahead")
        assert line["clock_skew_seconds"] == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(
    "alter",
    [
        {"X-CLIENT-KEY": "NOBODY"},
        {"X-SIGNATURE": "AAAA"},
        {"X-SIGNATURE": "A" * 344},
        {"X-SIGNATURE": "AAAA" * 512},
    ],
)
def test_unknown_client_and_wrong_signature_get_the_same_answer(
    merchant: Merchant, nicepay: Nicepay, alter: dict[str, str]
) -> None:
    """An unknown client and a wrong signature of any length get the same 4017300, byte for byte."""
    headers = nicepay.headers(jakarta(merchant.clock.now))
    reference = merchant.send(headers | {"X-SIGNATURE": Nicepay(private_key=nicepay.private_key).signature("x")})
    response = merchant.send(headers | alter)
    assert response.json() == {"responseCode": "4017300", "responseMessage": NEITHER}
    assert response.content == reference.content
    differing = {"x-client-key", "date", "x-request-id"}
    assert _without(response.headers, differing) == _without(reference.headers, differing)


def _without(headers: httpx.Headers, names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


def test_the_signature_covers_the_text_as_sent(merchant: Merchant, nicepay: Nicepay) -> None:
    """A timestamp is accepted as it was signed, and refused when the same instant is written in another way."""
    signed = jakarta(merchant.clock.now)
    reformatted = signed.replace("+07:00", ".000+07:00")
    headers = nicepay.headers(signed) | {"X-TIMESTAMP": reformatted}
    assert merchant.send(headers).json()["responseMessage"] == NEITHER
    assert merchant.ask(nicepay, reformatted).status_code == 200


@pytest.mark.parametrize("form", ["Z", "+00:00", "-00:00", ".478+00:00", ".190Z", ".123456789Z"])
def test_timestamps_with_any_offset_are_accepted(merchant: Merchant, nicepay: Nicepay, form: str) -> None:
    """A timestamp in UTC is accepted in each of its spellings, with or without a fraction of a second."""
    timestamp = merchant.clock.now.strftime("%Y-%m-%dT%H:%M:%S") + form
    assert merchant.ask(nicepay, timestamp).status_code == 200


def test_every_decision_is_one_line_without_secrets(merchant: Merchant, nicepay: Nicepay) -> None:
    """The log line names the client, the outcome and the clock skew, and holds neither token nor signature."""
    merchant.clock.now += timedelta(hours=5)  # No other test signs a request at this time.
    response = merchant.ask(nicepay)
    line = merchant.decision()
    token = response.json()["accessToken"]
    assert line.pop("request_id") == response.headers["X-Request-ID"]
    assert line.pop("timestamp")
    assert line == {
        "event": "token.issued",
        "level": "info",
        "outcome": "issued",
        "client_key": "IONPAYTEST",
        "remote": "127.0.0.1",
        "response_code": "2007300",
        "clock_skew_seconds": -0.25,
        "key": fingerprint(nicepay),
        "repeat": False,
        "token": sha256(urlsafe_b64decode(token)).hexdigest(),
        "expires_at": "2026-01-22T10:15:01Z",
    }
    assert token not in json.dumps(line)


def test_a_repeat_is_marked_in_the_log(merchant: Merchant, nicepay: Nicepay) -> None:
    """The second token for the same signed request is logged as a repeat and expires with the first."""
    timestamp = jakarta(NOON - timedelta(seconds=17))
    merchant.ask(nicepay, timestamp)
    merchant.clock.now += timedelta(seconds=30)
    merchant.ask(nicepay, timestamp)
    first, second = merchant.log()
    assert (first["repeat"], second["repeat"]) == (False, True)
    assert first["expires_at"] == second["expires_at"] == "2026-01-22T05:15:01Z"


def test_a_malformed_client_key_is_neither_echoed_nor_logged(merchant: Merchant, nicepay: Nicepay) -> None:
    """A secret that was pasted into X-CLIENT-KEY by mistake reaches neither the answer nor the log."""
    headers = nicepay.headers(jakarta(merchant.clock.now)) | {"X-CLIENT-KEY": "a secret, perhaps"}
    response = merchant.send(headers)
    assert "x-client-key" not in response.headers
    assert merchant.decision()["client_key"] is None


def test_the_query_is_not_part_of_the_contract(merchant: Merchant, nicepay: Nicepay) -> None:
    """A query in the URL changes nothing."""
    path = f"{BASE_PATH}{TOKEN_PATH}?x=1"
    assert merchant.send(nicepay.headers(jakarta(merchant.clock.now)), path=path).status_code == 200


def test_a_chunked_body_is_a_body(merchant: Merchant, nicepay: Nicepay) -> None:
    """A chunked body without Content-Length is read like any other body."""
    headers = nicepay.headers(jakarta(merchant.clock.now))
    pieces = iter([BODY[:10], BODY[10:]])
    response = merchant.client.post(f"{BASE_PATH}{TOKEN_PATH}", headers=headers, content=pieces)
    assert response.json()["responseCode"] == "2007300"


def test_a_clock_that_is_set_back_stops_no_client(merchant: Merchant, nicepay: Nicepay) -> None:
    """After the server's clock is set back by an hour, requests with the new time get a token, and others 4017300."""
    before = jakarta(merchant.clock.now)
    assert merchant.ask(nicepay, before).status_code == 200
    merchant.clock.now -= timedelta(hours=1)
    assert merchant.ask(nicepay, before).json()["responseMessage"] == "Unauthorized. X-TIMESTAMP"
    assert merchant.ask(nicepay).status_code == 200


REQUEST_ID = "6f1f42f2-6bd7-4c2c-a9f1-0a4a9e6c3c9b"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", TOKEN_PATH, {}, 200),
        ("POST", TOKEN_PATH, {"X-SIGNATURE": ""}, 400),
        ("POST", TOKEN_PATH, {"X-SIGNATURE": "AAAA"}, 401),
        ("POST", "/elsewhere", {}, 404),
        ("POST", "/%61ccess-token/b2b", {}, 404),
        ("GET", TOKEN_PATH, {}, 405),
        ("POST", TOKEN_PATH + "?" + "a" * 2_048, {}, 414),
        ("POST", TOKEN_PATH, {"Content-Type": "text/plain"}, 415),
        ("POST", TOKEN_PATH, {"X-Long": "a" * 16_384}, 431),
    ],
)
def test_every_answer_has_the_request_s_id(  # noqa: PLR0913, PLR0917  a table
    merchant: Merchant, nicepay: Nicepay, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Every answer and its log line have the request ID of the proxy."""
    all_headers = nicepay.headers(jakarta(merchant.clock.now)) | {"X-Request-ID": REQUEST_ID} | headers
    response = merchant.send(all_headers, method=method, path=BASE_PATH + path)
    assert (response.status_code, response.headers["X-Request-ID"]) == (status, REQUEST_ID)
    assert merchant.decision()["request_id"] == REQUEST_ID


@pytest.mark.parametrize("copies", [["a b"], ["x" * 65], [""], ["one", "two"]], ids=["form", "long", "empty", "two"])
def test_a_malformed_request_id_is_ignored(merchant: Merchant, nicepay: Nicepay, copies: list[str]) -> None:
    """A malformed or duplicated X-Request-ID is replaced by a new request ID, and the token is issued."""
    headers = [*nicepay.headers(jakarta(merchant.clock.now)).items(), *(("X-Request-ID", each) for each in copies)]
    response = merchant.send(headers)
    assert response.status_code == 200
    assert response.headers["X-Request-ID"] not in copies
    assert merchant.decision()["request_id"] == response.headers["X-Request-ID"]


def test_the_log_names_the_key_that_verified(tmp_path: Path, nicepay: Nicepay, stranger: Nicepay) -> None:
    """If a client has two keys, the log gives the fingerprint of the key that verified the signature."""
    file = write_settings(tmp_path, nicepay)
    (tmp_path / "next.pem").write_text(stranger.public_pem)
    file.write_text(file.read_text().replace('"IONPAYTEST.pem"', '"IONPAYTEST.pem", "next.pem"'))
    with running(Settings.load(file), Clock()) as merchant:
        for signer in (nicepay, stranger):
            merchant.ask(signer)
        assert [line["key"] for line in merchant.log()] == [fingerprint(nicepay), fingerprint(stranger)]
