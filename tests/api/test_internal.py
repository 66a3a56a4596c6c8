"""The internal listener's answers about calls: the order of the checks, and how it reads headers, URI and body."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import pytest

from handlers.snap.call import minified
from tests.api.conftest import Listeners
from tests.calls import BODY, URI
from tests.internal import PROXY_SECRET, SUSPENDED, SYMMETRIC, InternalListener
from tests.merchant import Merchant
from tests.nicepay import CLIENT_KEY, Nicepay, fingerprint, jakarta

Headers = dict[str, str]
Break = Callable[[InternalListener, Nicepay, Headers], Headers]

GUARD = "X-Internal-Authorization"
INVALID_REQUEST = 'Bearer error="invalid_request"'
INVALID_TOKEN = 'Bearer error="invalid_token"'
HEADERS = ["X-Original-Method", "X-Original-URI", "X-TIMESTAMP", "X-PARTNER-ID", "X-SIGNATURE", "X-EXTERNAL-ID"]


def _another_client(listener: InternalListener, _nicepay: Nicepay, _headers: Headers) -> Headers:
    return {"Authorization": f"Bearer {listener.token(SYMMETRIC)}"}


def _late(listener: InternalListener, _nicepay: Nicepay, _headers: Headers) -> Headers:
    return {"X-TIMESTAMP": jakarta(listener.clock.now - timedelta(seconds=302))}


def _replayed(listener: InternalListener, nicepay: Nicepay, headers: Headers) -> Headers:
    first = listener.asymmetric(nicepay) | {GUARD: headers[GUARD], "X-EXTERNAL-ID": "used"}
    listener.authorize(first, BODY)
    return {"X-EXTERNAL-ID": "used"}


CHECKS: list[tuple[str, Break]] = [
    ("4010000 Unauthorized. X-Internal-Authorization", lambda *_: {GUARD: "Bearer wrong"}),
    ("4000001 Invalid Field Format CHANNEL-ID", lambda *_: {"CHANNEL-ID": "a b"}),
    ("4040000 Not Found", lambda *_: {"X-Original-URI": "/elsewhere"}),
    ("4012401 Invalid Token (B2B)", lambda *_: {"Authorization": "Bearer none"}),
    ("4012400 Unauthorized. X-PARTNER-ID", _another_client),
    ("4012400 Unauthorized. X-TIMESTAMP", _late),
    ("4012400 Unauthorized. X-SIGNATURE", lambda *_: {"X-SIGNATURE": "AAAA"}),
    ("4092400 Conflict", _replayed),
]
"""The checks in the order of the document: the answer, and a change of the headers that makes only this check fail."""


@pytest.mark.parametrize("first", range(len(CHECKS)), ids=[answer for answer, _ in CHECKS])
def test_the_first_check_that_fails_answers(listeners: Listeners, nicepay: Nicepay, first: int) -> None:
    """If a check and all later checks fail, the answer is that of the first failed check."""
    listener = listeners("guarded")
    headers = genuine = listener.asymmetric(nicepay) | {GUARD: f"Bearer {PROXY_SECRET}"}
    for _, spoil in reversed(CHECKS[first:]):
        headers = headers | spoil(listener, nicepay, genuine)
    answer = listener.authorize(headers, BODY).json()
    assert f"{answer['responseCode']} {answer['responseMessage']}" == CHECKS[first][0]
    assert listener.authorize(genuine, BODY).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_genuine_call_gets_its_client_key_and_external_id(
    internal: InternalListener, nicepay: Nicepay, method: str
) -> None:
    """The answer has X-CLIENT-KEY and X-EXTERNAL-ID of the call, and no X-Accel-Redirect unless it is set."""
    headers = internal.asymmetric(nicepay) | {"X-CLIENT-KEY": "SOMEBODY", "X-Accel-Redirect": "@elsewhere"}
    response = internal.authorize(headers, BODY, method=method)
    assert response.status_code == 200
    assert response.headers.get_list("x-client-key") == [CLIENT_KEY]
    assert response.headers["x-external-id"] == headers["X-EXTERNAL-ID"]
    assert "x-accel-redirect" not in response.headers
    line = internal.decision()
    assert (line["event"], line["partner_id"], line["path"]) == ("call.genuine", "PARTNER", URI.partition("?")[0])


def test_a_genuine_call_gets_the_location_of_the_settings(listeners: Listeners, nicepay: Nicepay) -> None:
    """With `accel_redirect`, the answer to a genuine call has X-Accel-Redirect, and a refusal does not."""
    listener = listeners("accelerated")
    headers = listener.asymmetric(nicepay)
    assert listener.authorize(headers, BODY).headers["x-accel-redirect"] == "@merchant"
    assert "x-accel-redirect" not in listener.authorize(headers, BODY).headers


@pytest.mark.parametrize(
    ("changes", "status", "challenge"),
    [
        ({"Authorization": ""}, 401, "Bearer"),
        ({"Authorization": "Basic YTpi"}, 401, INVALID_TOKEN),
        ({"Authorization": "Bearer a b"}, 401, INVALID_TOKEN),
        ({"X-PARTNER-ID": "ANOTHER"}, 401, INVALID_REQUEST),
        ({"X-TIMESTAMP": "2026-01-22T11:00:01+07:00"}, 401, INVALID_REQUEST),
        ({"X-SIGNATURE": "AAAA"}, 401, INVALID_REQUEST),
        ({"X-SIGNATURE": "AAA"}, 400, INVALID_REQUEST),
        ({"X-SIGNATURE": ""}, 400, INVALID_REQUEST),
        ({"X-Original-URI": "/elsewhere"}, 404, None),
    ],
)
def test_the_challenge_is_rfc_6750_s(
    internal: InternalListener, nicepay: Nicepay, changes: Headers, status: int, challenge: str | None
) -> None:
    """WWW-Authenticate has no error for an absent token, invalid_token for a bad one, else invalid_request."""
    headers = internal.asymmetric(nicepay) | {"X-CLIENT-KEY": CLIENT_KEY} | changes
    response = internal.authorize(headers, BODY)
    assert (response.status_code, response.headers.get("www-authenticate")) == (status, challenge)
    assert "x-client-key" not in response.headers


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("empty", [True, False], ids=["empty", "absent"])
def test_a_missing_header_is_named(internal: InternalListener, nicepay: Nicepay, name: str, *, empty: bool) -> None:
    """A mandatory header that is absent or empty is refused with 400xx02 and its name; xx is 00 without the URI."""
    headers = internal.asymmetric(nicepay)
    if empty:
        headers[name] = ""
    else:
        del headers[name]
    code = "4000002" if name == "X-Original-URI" else "4002402"
    response = internal.authorize(headers, BODY)
    assert response.json() == {"responseCode": code, "responseMessage": f"Invalid Mandatory Field {name}"}


@pytest.mark.parametrize("name", [*HEADERS, "Authorization", "CHANNEL-ID", "Content-Type", GUARD])
def test_two_copies_are_refused(internal: InternalListener, nicepay: Nicepay, name: str) -> None:
    """A second copy of a header is refused with 400xx00, even an equal one; a second URI with 4000000."""
    extra = {"CHANNEL-ID": "95221", "Content-Type": "application/json", GUARD: f"Bearer {PROXY_SECRET}"}
    headers = internal.asymmetric(nicepay) | extra
    response = internal.authorize([*headers.items(), (name.lower(), headers[name])], BODY)
    code = "4000000" if name == "X-Original-URI" else "4002400"
    assert response.json() == {"responseCode": code, "responseMessage": "Bad Request"}
    assert internal.decision()["header"] == name.lower()


@pytest.mark.parametrize("name", ["X-Forwarded-Method", "X-Forwarded-Uri", "X_Original_URI", "X-Original_URI", "X"])
def test_other_headers_are_ignored(internal: InternalListener, nicepay: Nicepay, name: str) -> None:
    """X-Forwarded-*, other spellings of X-Original-* and unknown headers change nothing, even if duplicated."""
    headers = [*internal.asymmetric(nicepay).items(), *[(name, "/elsewhere")] * 2]
    assert internal.authorize(headers, BODY).status_code == 200


def test_the_forwarded_pair_is_read_instead(listeners: Listeners, nicepay: Nicepay) -> None:
    """With `call_headers = "x-forwarded"`, X-Forwarded-* describes the call and X-Original-* is ignored."""
    listener = listeners("forwarded")
    headers = listener.symmetric(BODY)
    method, uri = headers.pop("X-Original-Method"), headers.pop("X-Original-URI")
    forwarded = [*headers.items(), ("X-Forwarded-Method", method), ("X-Forwarded-Uri", uri)]
    false = [("X-Original-Method", "GET"), ("x-original-uri", "/elsewhere"), ("X-ORIGINAL-URI", URI)]
    assert listener.authorize([*false, *forwarded], BODY).status_code == 200
    alone = listener.authorize(listener.asymmetric(nicepay), BODY)
    assert alone.json()["responseMessage"] == "Invalid Mandatory Field X-Original-Method"
    twice = listener.authorize([*forwarded, ("X-Forwarded-Uri", uri)], BODY)
    assert twice.json() == {"responseCode": "4000000", "responseMessage": "Bad Request"}


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("/api/v1.0/cvs/payment", "4099900"),
        ("/api/v1.0/cvs/payment?", "4099900"),
        ("/api/v1.0/cvs/payment?a=/../../transfer-va/inquiry?", "4099900"),
        ("/api/v1.0/cvs/payment/", "4040000"),
        ("//api/v1.0/cvs/payment", "4040000"),
        ("/api/v1.0/cvs/./payment", "4040000"),
        ("/api/v1.0/transfer-va/../cvs/payment", "4040000"),
        ("/api/v1.0/cvs/payment;a=b", "4040000"),
        ("/api/v1.0/cvs/payment#", "4000001"),
        ("/api/v1.0/cvs/payment#?", "4000001"),
        ("/api/v1.0/cvs%2Fpayment", "4040000"),
        ("/api/v1.0/cvs/paymen%74", "4040000"),
        ("/api/v1.0/cvs/payment%3F", "4040000"),
        ("/api/v1.0/cvs\\payment", "4040000"),
        ("/API/v1.0/cvs/payment", "4040000"),
        ("http://merchant.example/api/v1.0/cvs/payment", "4000001"),
        ("merchant.example/api/v1.0/cvs/payment", "4000001"),
        ("*", "4000001"),
        ("/api/v1.0/cvs/payment ?", "4000001"),
        ("/api/v1.0/cvs/payment?\xe9", "4009901"),
        ("/api/v1.0/cvs/payment?" + "a" * 2_027, "4009901"),
    ],
)
def test_a_path_is_compared_exactly_as_it_was_sent(
    internal: InternalListener, nicepay: Nicepay, uri: str, code: str
) -> None:
    """Only the exact path of the settings has its service code; another spelling is unknown or malformed."""
    headers = internal.asymmetric(nicepay)
    assert internal.authorize(headers | {"X-Original-URI": URI}, BODY).status_code == 200
    raw = [(name.encode(), value.encode("latin-1")) for name, value in (headers | {"X-Original-URI": uri}).items()]
    response = internal.client.post("/authorize", headers=raw, content=BODY)
    assert response.json()["responseCode"] == code


@pytest.mark.parametrize("path", ["/%61uthorize", "/authorize/", "//authorize", "/Authorize", "/authorize%3F", "/"])
def test_another_path_has_no_service_code(internal: InternalListener, nicepay: Nicepay, path: str) -> None:
    """A path other than /authorize is refused with 4040000 and without a redirect."""
    response = internal.authorize(internal.asymmetric(nicepay), BODY, path=path)
    assert response.json() == {"responseCode": "4040000", "responseMessage": "Not Found"}
    assert not {"location", "www-authenticate"} & set(response.headers)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/authorize", "GET, POST"), ("/introspect", "POST"), ("/revoke", "POST"), ("/livez", "GET"), ("/readyz", "GET")],
)
def test_another_method_is_not_supported(internal: InternalListener, method: str, path: str, allowed: str) -> None:
    """Any other method is refused with 405, and Allow lists the methods of the path."""
    response = internal.send(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert internal.decision()["response_code"] == "4050000"


@pytest.mark.parametrize("body", [BODY, minified(BODY)], ids=["as received", "minified"])
def test_either_form_of_a_body_may_be_signed(internal: InternalListener, body: bytes) -> None:
    """A symmetric signature over the body verifies, also over the minified body; over another body it does not."""
    assert internal.authorize(internal.symmetric(body), BODY).status_code == 200
    assert internal.authorize(internal.symmetric(body), BODY + b"x").status_code == 401


def test_the_log_says_that_the_proxy_sent_no_body(internal: InternalListener) -> None:
    """A symmetric call is refused if the proxy does not send its body, and the log gives this reason."""
    response = internal.authorize(internal.symmetric(BODY), BODY, method="GET")
    assert response.json()["responseMessage"] == "Unauthorized. X-SIGNATURE"
    assert internal.decision()["reason"] == "call.body_not_forwarded"
    assert internal.authorize(internal.symmetric(b"", "GET"), method="GET").status_code == 200


def test_a_suspended_client_is_refused(internal: InternalListener, nicepay: Nicepay) -> None:
    """Calls of a suspended client get the same answer as calls with a wrong partner id."""
    headers = internal.asymmetric(nicepay) | {"X-PARTNER-ID": SUSPENDED}
    headers["Authorization"] = f"Bearer {internal.token(SUSPENDED)}"
    response = internal.authorize(headers, BODY)
    assert response.json()["responseMessage"] == "Unauthorized. X-PARTNER-ID"
    assert internal.decision()["reason"] == "client.suspended"


@pytest.mark.parametrize(("seconds", "reason"), [(900, "token.expired"), (899, None)])
def test_a_token_expires_after_its_lifetime(
    internal: InternalListener, nicepay: Nicepay, seconds: int, reason: str | None
) -> None:
    """A token is refused when its lifetime is over, and the log gives `token.expired` as the reason."""
    issued = internal.clock.now.replace(microsecond=0) - timedelta(seconds=seconds)
    headers = internal.asymmetric(nicepay)
    headers["Authorization"] = f"bEARER {internal.token(issued_at=issued)}"
    internal.clock.now = internal.clock.now.replace(microsecond=0)
    assert internal.authorize(headers, BODY).status_code == (401 if reason else 200)
    assert internal.decision().get("reason") == reason


def test_a_forged_call_uses_up_no_external_id(internal: InternalListener, nicepay: Nicepay) -> None:
    """Only a genuine call uses up its X-EXTERNAL-ID, and then also for other paths and bodies."""
    headers = internal.asymmetric(nicepay)
    assert internal.authorize(headers | {"X-SIGNATURE": "AAAA"}, BODY).status_code == 401
    assert internal.authorize(headers, BODY).status_code == 200
    again = headers | {"X-Original-URI": "/api/v1.0/cvs/payment"}
    assert internal.authorize(again, b"another body").json()["responseCode"] == "4099900"


def test_the_body_limit_is_a_setting(listeners: Listeners, nicepay: Nicepay) -> None:
    """A body of `body_limit_bytes` is accepted and one byte more is refused; the default is 262,144 bytes."""
    listener = listeners("accelerated")
    assert listener.authorize(listener.asymmetric(nicepay), b" " * 2_000).status_code == 200
    assert listener.authorize(listener.asymmetric(nicepay), b" " * 2_001).json()["responseCode"] == "4132400"
    listener = listeners("open")
    assert listener.authorize(listener.asymmetric(nicepay), b" " * 262_144).status_code == 200
    assert listener.authorize(listener.asymmetric(nicepay), iter([b" " * 262_145])).status_code == 413


@pytest.mark.parametrize(
    ("header_value", "passes"),
    [
        (f"Bearer {PROXY_SECRET}", True),
        (f"bearer {PROXY_SECRET}", True),
        (f"Bearer  {PROXY_SECRET}", False),
        (f"Bearer {PROXY_SECRET}x", False),
        (f"Bearer {PROXY_SECRET[:-1]}", False),
        (f"Basic {PROXY_SECRET}", False),
        (PROXY_SECRET, False),
        ("Bearer", False),
        ("", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("path", ["/authorize", "/introspect", "/revoke"])
def test_the_proxy_must_send_its_secret(
    listeners: Listeners, nicepay: Nicepay, path: str, header_value: str | None, *, passes: bool
) -> None:
    """Only the exact secret passes; a wrong and an absent secret get the same 4010000 with a plain challenge."""
    listener = listeners("guarded")
    name = GUARD if path == "/authorize" else "Authorization"
    secret = {} if header_value is None else {name: header_value}
    if path == "/authorize":
        response = listener.authorize(listener.asymmetric(nicepay) | secret, BODY)
    else:
        response = listener.post_form(path, "token=a", secret)
    assert (response.status_code == 200) == passes
    if not passes:
        assert response.json() == {"responseCode": "4010000", "responseMessage": f"Unauthorized. {name}"}
        assert response.headers["www-authenticate"] == "Bearer"
        assert listener.decision()["reason"] == "secret.wrong"


@pytest.mark.parametrize(("value", "redirect"), [("accel-redirect", "@wrong_secret"), ("", None)])
def test_nginx_does_not_pass_on_the_refusal_of_its_secret(
    listeners: Listeners, nicepay: Nicepay, value: str, redirect: str | None
) -> None:
    """If nginx sends a wrong secret, the 401 redirects it to a location that answers the caller with 500."""
    listener = listeners("guarded")
    headers = listener.asymmetric(nicepay) | {GUARD: "Bearer wrong", "X-Original-Delivery": value}
    response = listener.authorize(headers, BODY)
    assert (response.status_code, response.headers.get("X-Accel-Redirect")) == (401, redirect)


def test_token_and_secret_are_not_interchangeable(listeners: Listeners, nicepay: Nicepay) -> None:
    """A call's token is refused as the proxy's secret, and the secret is refused as a token."""
    listener = listeners("guarded")
    secret = {GUARD: f"Bearer {PROXY_SECRET}"}
    headers = listener.asymmetric(nicepay)
    assert listener.authorize(headers | {GUARD: headers["Authorization"]}, BODY).json()["responseCode"] == "4010000"
    swapped = headers | secret | {"Authorization": secret[GUARD]}
    assert listener.authorize(swapped, BODY).json()["responseCode"] == "4012401"
    assert listener.post_form("/introspect", "token=a", secret).json()["responseCode"] == "4010000"


def test_the_log_of_a_call_holds_no_secret(listeners: Listeners, nicepay: Nicepay) -> None:
    """The log line of a call has no token, no signature, no query and no secret."""
    listener = listeners("guarded")
    headers = listener.asymmetric(nicepay) | {GUARD: f"Bearer {PROXY_SECRET}"}
    headers["X-EXTERNAL-ID"] = "what?is=this"
    for changes in ({}, {GUARD: f"Bearer {PROXY_SECRET}x"}, {"X-SIGNATURE": "AAAA"}):
        listener.authorize(headers | changes, BODY)
    text = listener.stream.getvalue()
    (first, *_) = listener.log()
    assert not [each for each in (headers["Authorization"][7:], headers["X-SIGNATURE"], PROXY_SECRET) if each in text]
    assert "page=1" not in text
    for name in ("request_id", "timestamp"):
        assert first.pop(name)
    assert first == {
        "event": "call.genuine",
        "level": "info",
        "outcome": "genuine",
        "form": "token",
        "client_key": "IONPAYTEST",
        "partner_id": "PARTNER",
        "external_id": "what?is=this",
        "method": "POST",
        "path": "/api/v1.0/transfer-va/inquiry",
        "clock_skew_seconds": -0.25,
        "remote": "127.0.0.1",
        "response_code": "200",
        "token": sha256(urlsafe_b64decode(headers["Authorization"][7:])).hexdigest(),
        "key": fingerprint(nicepay),
    }


@pytest.mark.parametrize("path", ["/authorize", "/introspect", "/revoke", "/livez", "/readyz"])
@pytest.mark.parametrize("base", ["", "/api/v1.0"])
def test_internal_paths_are_unknown_on_the_public_port(merchant: Merchant, path: str, base: str) -> None:
    """The public listener answers 4047300 for each path of the internal listener."""
    for method in ("GET", "POST"):
        response = merchant.send({}, b"", method=method, path=base + path)
        assert response.json()["responseCode"] == "4047300"


@pytest.mark.parametrize("base", ["", "/api/v1.0"])
def test_public_paths_are_unknown_on_the_internal_port(internal: InternalListener, nicepay: Nicepay, base: str) -> None:
    """The internal listener issues no token and has no pages."""
    headers = nicepay.headers(jakarta(internal.clock.now))
    for path in ("/access-token/b2b", "/ui/", "/openapi.json"):
        response = internal.send("POST", base + path, headers, b'{"grantType":"client_credentials"}')
        assert response.json()["responseCode"] == "4040000"


@pytest.mark.parametrize(
    ("method", "path", "changes", "status"),
    [
        ("POST", "/authorize", {}, 200),
        ("POST", "/authorize", {"X-SIGNATURE": "AAAA"}, 401),
        ("POST", "/authorize", {"X-Original-URI": "/elsewhere"}, 404),
        ("PUT", "/authorize", {}, 405),
        ("POST", "/elsewhere", {}, 404),
        ("GET", "/livez", {}, 200),
        ("GET", "/readyz", {}, 200),
    ],
)
def test_every_answer_has_the_request_s_id(  # noqa: PLR0913, PLR0917  a table
    internal: InternalListener, nicepay: Nicepay, method: str, path: str, changes: dict[str, str], status: int
) -> None:
    """Every answer, and its log line if there is one, has the request ID of the proxy."""
    headers = internal.asymmetric(nicepay) | {"X-Request-ID": "the-proxy.s_id"} | changes
    response = internal.send(method, path, headers)
    assert (response.status_code, response.headers["X-Request-ID"]) == (status, "the-proxy.s_id")
    assert {line["request_id"] for line in internal.log()} <= {"the-proxy.s_id"}


@pytest.mark.parametrize(("uri", "code"), [("/api/v1.0/transfer-va/inquiry#x", "4000001"), (f"{URI}#b", "4002401")])
def test_the_uri_of_a_call_has_no_fragment(internal: InternalListener, nicepay: Nicepay, uri: str, code: str) -> None:
    """A `#` in the URI is malformed, both after the path and after the query."""
    response = internal.authorize(internal.asymmetric(nicepay) | {"X-Original-URI": uri}, BODY)
    assert response.json() == {"responseCode": code, "responseMessage": "Invalid Field Format X-Original-URI"}
    assert internal.decision()["reason"] == "header.malformed"


@pytest.mark.parametrize("form", ["asymmetric", "symmetric"])
def test_a_service_takes_its_own_methods(internal: InternalListener, nicepay: Nicepay, form: str) -> None:
    """A method that the service does not take is refused with 405 and its service code, and Allow lists its methods."""
    call = internal.asymmetric(nicepay) if form == "asymmetric" else internal.symmetric(BODY, "PUT")
    response = internal.authorize(call | {"X-Original-Method": "PUT"}, BODY)
    assert response.json()["responseCode"] == "4052400"
    assert response.headers["Allow"] == "POST, GET"
    line = internal.decision()
    assert (line["reason"], line["method"]) == ("method.not_supported", "PUT")


def test_a_service_takes_only_post_by_default(internal: InternalListener, nicepay: Nicepay) -> None:
    """A service that names no methods takes POST, which NICEPAY sends, and no other method."""
    headers = internal.asymmetric(nicepay) | {"X-Original-URI": "/api/v1.0/cvs/payment"}
    assert internal.authorize(headers | {"X-Original-Method": "GET"}).headers["Allow"] == "POST"
    assert internal.authorize(headers).status_code == 200


EXPECTS_LOCATION = {"X-Original-Delivery": "accel-redirect"}


def test_a_forgotten_location_is_an_error(listeners: Listeners, nicepay: Nicepay) -> None:
    """If the proxy expects X-Accel-Redirect and it is not set, the call gets an error and uses up no external id."""
    listener = listeners("open")
    headers = listener.asymmetric(nicepay)
    response = listener.authorize(headers | EXPECTS_LOCATION, BODY)
    assert response.json() == {"responseCode": "5002400", "responseMessage": "General Error"}
    line = listener.decision()
    assert (line["event"], line["reason"]) == ("call.refused", "accel_redirect.unset")
    assert "accel_redirect" in line["advice"]
    assert listener.authorize(headers, BODY).status_code == 200


def test_an_expected_location_is_sent(listeners: Listeners, nicepay: Nicepay) -> None:
    """If the proxy expects X-Accel-Redirect and it is set, the answer has it."""
    listener = listeners("accelerated")
    response = listener.authorize(listener.asymmetric(nicepay) | EXPECTS_LOCATION, BODY)
    assert response.headers["X-Accel-Redirect"] == "@merchant"


def test_x_original_delivery_is_ignored_with_forwarded_headers(listeners: Listeners, nicepay: Nicepay) -> None:
    """With `call_headers = "x-forwarded"`, X-Original-Delivery can only come from the caller and is ignored."""
    listener = listeners("forwarded")
    headers = listener.asymmetric(nicepay) | EXPECTS_LOCATION
    for name, other in (("X-Original-Method", "X-Forwarded-Method"), ("X-Original-URI", "X-Forwarded-Uri")):
        headers[other] = headers.pop(name)
    assert listener.authorize(headers, BODY).status_code == 200


def test_the_log_of_a_symmetric_call_names_no_key(internal: InternalListener) -> None:
    """The log of a symmetric call has `secret` in place of a key's fingerprint."""
    internal.authorize(internal.symmetric(BODY), BODY)
    assert internal.decision()["key"] == "secret"
