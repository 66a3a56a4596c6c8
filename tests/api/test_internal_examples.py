"""Each example of a refusal in the internal document is sent over HTTP exactly as the document shows it."""

from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from handlers.server.http import limits
from handlers.server.process import http_connection
from tests.api.conftest import Listeners
from tests.calls import BODY
from tests.document import INTERNAL, check_internal_answer
from tests.forms import MIXED_URI, SIGNED_URI
from tests.internal import InternalListener
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

SendRequest = Callable[[InternalListener, Nicepay], httpx.Response]

NOTHING: Mapping[str, str] = {}
MANY = {f"X-{number}": "a" for number in range(65)}
LONG = "?" + "a" * limits.LONGEST_TARGET
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def call(
    wrong: Mapping[str, str] = NOTHING, *, method: str = "POST", query: str = "", twice: str = "", body: bytes = BODY
) -> SendRequest:
    """A genuine call with these headers replaced, and one header sent twice."""

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        genuine = listener.asymmetric(nicepay)
        duplicate = [(twice, genuine[twice])] if twice else []
        return listener.send(method, f"/authorize{query}", [*{**genuine, **wrong}.items(), *duplicate], body)

    return ask


def form(path: str, content: str = "token=a", headers: dict[str, str] = FORM) -> SendRequest:
    """A request with a form."""
    return lambda listener, _nicepay: listener.send("POST", path, headers, content.encode())


def introspect(listener: InternalListener, _nicepay: Nicepay) -> httpx.Response:
    """Introspect a valid token."""
    return listener.post_form("/introspect", f"token={listener.token()}")


def plain(method: str, path: str) -> SendRequest:
    """A request without headers and without a body."""
    return lambda listener, _nicepay: listener.send(method, path)


def of_form(uri: str, form: str, wrong: dict[str, str]) -> SendRequest:
    """A genuine call of a form with these headers replaced or added."""

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        headers = listener.notification(nicepay) if form == "notification" else listener.body_signed(nicepay, BODY)
        return listener.authorize(headers | {"X-Original-URI": uri} | wrong, BODY)

    return ask


def pinned(wrong: dict[str, str]) -> SendRequest:
    """A call of the client whose headers the settings pin, with these headers replaced."""

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        timestamp = jakarta(listener.clock.now)
        right = {
            "Authorization": f"Bearer {listener.token('PINNED')}",
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": "PINNED",
            "X-SIGNATURE": nicepay.signature(timestamp, "PINNED"),
            "X-EXTERNAL-ID": "12",
            "CHANNEL-ID": "95231",
            "ORIGIN": "bank.example",
        }
        return listener.authorize(listener.asymmetric(nicepay) | right | wrong, BODY)

    return ask


def repeated(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
    """Send the same call twice."""
    headers = listener.asymmetric(nicepay)
    assert listener.authorize(headers, BODY).status_code == 200
    return listener.authorize(headers, BODY)


def stalled(path: str) -> SendRequest:
    """A request whose body never arrives."""

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        headers = FORM if path == "/revoke" else listener.asymmetric(nicepay)
        stalling = HTTPConnection(listener.origin.removeprefix("http://"), timeout=5)
        stalling.request("POST", path, headers=headers | {"Content-Length": "9"})
        raw = stalling.getresponse()
        request = httpx.Request("POST", listener.origin + path)
        response = httpx.Response(raw.status, headers=raw.getheaders(), content=raw.read(), request=request)
        stalling.close()
        check_internal_answer(response)
        assert response.headers["connection"] == "close"
        return response

    return ask


def too_many(wrong: Mapping[str, str] = NOTHING) -> SendRequest:
    """A genuine call with these headers replaced, from an address whose one refusal a minute is used up."""
    caller = {"X-Forwarded-For": "203.0.113.9"}

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        call({"X-SIGNATURE": "AAAA", **caller})(listener, nicepay)
        return call({**wrong, **caller})(listener, nicepay)

    return ask


ANSWERS: dict[tuple[str, str], tuple[str, SendRequest]] = {
    ("BadCall", "4002400"): ("open", call(twice="X-TIMESTAMP")),
    ("BadCall", "4002401"): ("open", call({"X-TIMESTAMP": "noon"})),
    ("BadCall", "4002501"): ("open", of_form(MIXED_URI, "notification", {"Authorization": "Bearer a"})),
    ("BadCall", "4002401-external-id"): ("open", pinned({"X-EXTERNAL-ID": "a"})),
    ("BadCall", "4002402"): ("open", call({"X-EXTERNAL-ID": ""})),
    ("BadCall", "4000002"): ("open", call({"X-Original-URI": ""})),
    ("UnauthorizedCall", "4012403"): ("open", call({"Authorization": ""})),
    ("UnauthorizedCall", "4012401"): ("open", call({"Authorization": "Bearer a"})),
    ("UnauthorizedCall", "4012400-partner"): ("open", call({"X-PARTNER-ID": "ANOTHER"})),
    ("UnauthorizedCall", "4012400-clock"): ("open", call({"X-TIMESTAMP": "2026-01-22T11:00:01+07:00"})),
    ("UnauthorizedCall", "4012400-signature"): ("open", call({"X-SIGNATURE": "AAAA"})),
    ("UnauthorizedCall", "4012400-channel"): ("open", pinned({"CHANNEL-ID": "95221"})),
    ("UnauthorizedCall", "4012400-origin"): ("open", pinned({"ORIGIN": ""})),
    ("UnauthorizedCall", "4012500"): ("open", of_form(MIXED_URI, "notification", {"X-CLIENT-KEY": "NOBODY"})),
    ("UnauthorizedCall", "4013300"): ("open", of_form(SIGNED_URI, "body-signed", {"X-PARTNER-ID": "NOBODY"})),
    ("UnauthorizedCall", "4010000"): ("guarded", call({"X-Internal-Authorization": "Bearer wrong"})),
    ("UnknownService", "4040000"): ("open", call({"X-Original-URI": "/api/v1.0/transfer-va/inquiry/"})),
    ("Conflict", "4092400"): ("open", repeated),
    ("CallTooLarge", "4132400"): ("open", call(body=b" " * 262_145)),
    ("BadForm", "4000000"): ("open", form("/introspect", "token")),
    ("BadForm", "4000001"): ("open", form("/revoke", "client_id=NOBODY")),
    ("BadForm", "4000001-both"): ("open", form("/revoke", f"token=a&client_id={CLIENT_KEY}")),
    ("BadForm", "4000002"): ("open", form("/introspect", "")),
    ("BadForm", "4000002-neither"): ("open", form("/revoke", "")),
    ("BadProbe", "4000000"): ("open", lambda listener, _: listener.send("GET", "/livez", [("Content-Type", "a")] * 2)),
    ("WrongSecret", "4010000"): ("guarded", form("/introspect")),
    ("NotSupported", "4052400"): ("open", call({"X-Original-Method": "PUT"})),
    ("NotSupported", "4050000"): ("open", plain("GET", "/introspect")),
    ("RequestTimeout", "4082400"): ("open", stalled("/authorize")),
    ("RequestTimeout", "4080000"): ("open", stalled("/revoke")),
    ("FormTooLarge", "4130000"): ("open", form("/revoke", "token=" + "a" * 16_384)),
    ("UriTooLong", "4142400"): ("open", call(query=LONG)),
    ("UriTooLong", "4140000"): ("open", plain("GET", f"/livez{LONG}")),
    ("UnsupportedMediaType", "4150000"): ("open", form("/revoke", headers={"Content-Type": "application/json"})),
    ("TooManyCalls", "4292400"): ("limited", too_many()),
    ("TooManyCalls", "4290000"): ("limited", too_many({"X-Original-URI": "/unknown"})),
    ("HeadersTooLarge", "4312400"): ("open", call(MANY)),
    ("HeadersTooLarge", "4310000"): ("open", form("/revoke", headers=FORM | MANY)),
    ("Failure", "5002402"): ("down", call()),
    ("Failure", "5002400"): ("broken", call()),
    ("Failure", "5000002"): ("down", introspect),
    ("Failure", "5000000"): ("broken", introspect),
    ("NotReady", "5030000"): ("down", plain("GET", "/readyz")),
    ("NotReady", "5030000-draining"): ("draining", plain("GET", "/readyz")),
}
"""For each response and example: the kind of listener, and the request to send."""


def _examples() -> Iterator[tuple[str, str]]:
    """Response and name of each example of a refusal by this server."""
    for name, response in INTERNAL["components"]["responses"].items():
        if name == "OtherRefusal":
            continue
        for example, content in response.get("content", {}).get("application/json", {}).get("examples", {}).items():
            if "responseCode" in content["value"]:
                yield name, example


def _body_of_example(name: str, example: str) -> dict[str, Any]:
    content = INTERNAL["components"]["responses"][name]["content"]["application/json"]
    return dict(content["examples"][example]["value"])


def test_each_example_is_tested() -> None:
    """This module tests exactly the examples of refusals that the document shows."""
    assert ANSWERS.keys() == set(_examples())


@pytest.mark.parametrize(("name", "example"), ANSWERS)
def test_an_answer_equals_its_example(
    name: str, example: str, listeners: Listeners, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body of the refusal equals the example, and the document describes the answer for that operation."""
    if name == "RequestTimeout":
        # Each connection has one timer, which is only ever moved later: first for the head, then for the body.
        monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.2)
        monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    kind, ask = ANSWERS[name, example]
    listener = listeners(kind)
    response = ask(listener, nicepay)
    assert response.json() == _body_of_example(name, example)
    has_retry_after = example[:3] == "429" or (example[-2:] == "02" and example[0] == "5")
    assert ("retry-after" in response.headers) == has_retry_after
    assert "x-client-key" not in response.headers
    decisions = [line["response_code"] for line in listener.log() if "response_code" in line]
    assert decisions[-1:] == ([] if name == "NotReady" else [example[:7]])  # A probe is no decision.
