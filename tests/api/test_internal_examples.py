"""Each refusal that the internal document shows, got over HTTP, word for word."""

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
from tests.internal import InternalListener
from tests.nicepay import CLIENT_KEY, Nicepay

Ask = Callable[[InternalListener, Nicepay], httpx.Response]

NOTHING: Mapping[str, str] = {}
MANY = {f"X-{number}": "a" for number in range(65)}
LONG = "?" + "a" * limits.LONGEST_TARGET
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def call(
    wrong: Mapping[str, str] = NOTHING, *, method: str = "POST", query: str = "", twice: str = "", body: bytes = BODY
) -> Ask:
    """A call that is genuine but for these headers, and for one that is sent twice."""

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        right = listener.asymmetric(nicepay)
        doubled = [(twice, right[twice])] if twice else []
        return listener.send(method, f"/authorize{query}", [*{**right, **wrong}.items(), *doubled], body)

    return ask


def form(path: str, content: str = "token=a", headers: dict[str, str] = FORM) -> Ask:
    """A form."""
    return lambda listener, _nicepay: listener.send("POST", path, headers, content.encode())


def introspect(listener: InternalListener, _nicepay: Nicepay) -> httpx.Response:
    """A token that is good."""
    return listener.post_form("/introspect", f"token={listener.token()}")


def plain(method: str, path: str) -> Ask:
    """A request without headers of its own and without a body."""
    return lambda listener, _nicepay: listener.send(method, path)


def repeated(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
    """The same call twice."""
    headers = listener.asymmetric(nicepay)
    assert listener.authorize(headers, BODY).status_code == 200
    return listener.authorize(headers, BODY)


def stalled(path: str) -> Ask:
    """A request whose body does not come."""

    def ask(listener: InternalListener, nicepay: Nicepay) -> httpx.Response:
        headers = FORM if path == "/revoke" else listener.asymmetric(nicepay)
        stalling = HTTPConnection(listener.origin.removeprefix("http://"), timeout=5)
        stalling.request("POST", path, headers=headers | {"Content-Length": "9"})
        got = stalling.getresponse()
        request = httpx.Request("POST", listener.origin + path)
        response = httpx.Response(got.status, headers=got.getheaders(), content=got.read(), request=request)
        stalling.close()
        check_internal_answer(response)
        assert response.headers["connection"] == "close"
        return response

    return ask


ANSWERS: dict[tuple[str, str], tuple[str, Ask]] = {
    ("BadCall", "4002400"): ("open", call(twice="X-TIMESTAMP")),
    ("BadCall", "4002401"): ("open", call({"X-TIMESTAMP": "noon"})),
    ("BadCall", "4002402"): ("open", call({"X-EXTERNAL-ID": ""})),
    ("BadCall", "4000002"): ("open", call({"X-Original-URI": ""})),
    ("UnauthorizedCall", "4012403"): ("open", call({"Authorization": ""})),
    ("UnauthorizedCall", "4012401"): ("open", call({"Authorization": "Bearer a"})),
    ("UnauthorizedCall", "4012400-partner"): ("open", call({"X-PARTNER-ID": "ANOTHER"})),
    ("UnauthorizedCall", "4012400-clock"): ("open", call({"X-TIMESTAMP": "2026-01-22T11:00:01+07:00"})),
    ("UnauthorizedCall", "4012400-signature"): ("open", call({"X-SIGNATURE": "AAAA"})),
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
    ("HeadersTooLarge", "4312400"): ("open", call(MANY)),
    ("HeadersTooLarge", "4310000"): ("open", form("/revoke", headers=FORM | MANY)),
    ("Failure", "5002402"): ("down", call()),
    ("Failure", "5002400"): ("broken", call()),
    ("Failure", "5000002"): ("down", introspect),
    ("Failure", "5000000"): ("broken", introspect),
    ("NotReady", "5030000"): ("down", plain("GET", "/readyz")),
}
"""By response and example: the listener that is asked, and what it is asked."""


def _examples() -> Iterator[tuple[str, str]]:
    """Those of refusals."""
    for name, response in INTERNAL["components"]["responses"].items():
        for example, shown in response.get("content", {}).get("application/json", {}).get("examples", {}).items():
            if "responseCode" in shown["value"]:
                yield name, example


def _shown(name: str, example: str) -> dict[str, Any]:
    content = INTERNAL["components"]["responses"][name]["content"]["application/json"]
    return dict(content["examples"][example]["value"])


def test_each_example_is_got() -> None:
    """The document shows no refusal that is not got here, and nothing is got that it does not show."""
    assert ANSWERS.keys() == set(_examples())


@pytest.mark.parametrize(("name", "example"), ANSWERS)
def test_an_example_is_what_is_answered(
    name: str, example: str, listeners: Listeners, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body of the refusal is the example's, and the answer is one of that operation in the document."""
    if name == "RequestTimeout":
        # A connection's one timer only ever moves on, from the time for a head to the time for a body.
        monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.2)
        monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    kind, ask = ANSWERS[name, example]
    listener = listeners(kind)
    response = ask(listener, nicepay)
    assert response.json() == _shown(name, example)
    assert (response.headers.get("retry-after") == "1") == (example[-2:] == "02" and example[0] == "5")
    assert "x-client-key" not in response.headers
    assert listener.log()[-1]["response_code"] == example[:7]
