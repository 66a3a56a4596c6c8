"""The API of the sandbox page, and who can use it."""

from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from handlers.server.sandbox.page_api import LARGEST_BODY, RefusedRequest, SandboxApi
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay, jakarta

ORIGIN = "http://127.0.0.1:8080"
REFUSED = {"method": "POST", "target": "/x?y=1", "headers": [["X-A", "b"]], "body": "{}"}


def _explained(request: RefusedRequest) -> Mapping[str, object]:
    return {"verdict": "key.unknown", "evidence": request.model_dump()}


def _post(
    nicepay: Nicepay, path: str, question: object, origin: str | None = ORIGIN, base: str = ORIGIN
) -> httpx.Response:
    app = Starlette(routes=SandboxApi(nicepay.private_key, Clock(), _explained).routes())
    client = TestClient(app, base_url=base)
    headers = {"Origin": origin} if origin else {}
    answer: httpx.Response = client.post(path, json=question, headers=headers)
    return answer


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:9000", "localhost", "127.9.9.9:1"])
def test_the_page_gets_two_headers_signed(nicepay: Nicepay, host: str) -> None:
    """The page gets two signed headers and no key, whatever the name of this machine is."""
    answer = _post(nicepay, "/ui/sign", {"client_key": "IONPAYTEST"}, f"http://{host}", f"http://{host}")
    timestamp = jakarta(NOON)
    assert answer.json() == {
        "timestamp": timestamp,
        "string_to_sign": f"IONPAYTEST|{timestamp}",
        "signature": nicepay.signature(timestamp),
    }
    assert answer.headers["cache-control"] == "no-store"


def test_a_mistake_is_made_when_asked_for(nicepay: Nicepay) -> None:
    """The page chooses the mistake by the name of its verdict."""
    answer = _post(nicepay, "/ui/sign", {"client_key": "A", "mistake": "string.reversed"})
    assert answer.json()["string_to_sign"] == f"{jakarta(NOON)}|A"


@pytest.mark.parametrize("path", ["/ui/sign", "/ui/explain"])
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        pytest.param("127.0.0.1:8080", None, id="no browser"),
        pytest.param("127.0.0.1:8080", "https://elsewhere.example", id="another site"),
        pytest.param("127.0.0.1:8080", "null", id="a sandboxed frame"),
        pytest.param("127.0.0.1:8080", "http://127.0.0.1:9999", id="another port"),
        pytest.param("127.0.0.1:8080", "http://localhost:8080", id="another name"),
        pytest.param("127.0.0.1:8080", "https://127.0.0.1:8080", id="another scheme"),
        pytest.param("rebound.example:8080", "http://rebound.example:8080", id="a rebound name"),
        pytest.param("localhost.rebound.example", "http://localhost.rebound.example", id="a name that starts well"),
        pytest.param("192.0.2.1", "http://192.0.2.1", id="another address"),
    ],
)
def test_other_callers_are_refused(nicepay: Nicepay, path: str, host: str, origin: str | None) -> None:
    """The page of another site, a rebound host name, and a caller that is not a page are refused."""
    answer = _post(nicepay, path, {"client_key": "A"}, origin, f"http://{host}")
    assert answer.status_code == 403
    assert answer.json() == {"error": "only the page of this sandbox can use this API"}


def test_an_invalid_host_is_refused(nicepay: Nicepay) -> None:
    """A Host header that cannot be parsed is refused."""
    app = Starlette(routes=SandboxApi(nicepay.private_key, Clock(), _explained).routes())
    client = TestClient(app, base_url=ORIGIN)
    for host in ("[::1", ":8080"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert client.post("/ui/sign", json={"client_key": "A"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("question", "named"),
    [
        pytest.param({}, "client_key", id="nothing"),
        pytest.param({"client_key": "a b"}, "client_key", id="a space"),
        pytest.param({"client_key": "A" * 37}, "client_key", id="too long"),
        pytest.param({"client_key": "A", "mistake": "other"}, "mistake", id="no such mistake"),
        pytest.param({"client_key": "A", "x": 1}, "x", id="unknown member"),
        pytest.param([], "body", id="no object"),
    ],
)
def test_a_malformed_sign_request_is_refused(nicepay: Nicepay, question: object, named: str) -> None:
    """The answer names the wrong member, and repeats no value."""
    answer = _post(nicepay, "/ui/sign", question)
    assert answer.status_code == 400
    assert answer.json() == {"error": f"malformed: {named}"}


def test_a_refused_request_is_explained(nicepay: Nicepay) -> None:
    """`explain` gets the request of the page unchanged, and its explanation is the answer."""
    answer = _post(nicepay, "/ui/explain", REFUSED)
    assert answer.json() == {"verdict": "key.unknown", "evidence": {**REFUSED, "lang": "en"}}


@pytest.mark.parametrize("member", ["method", "target", "headers"])
def test_an_incomplete_request_is_malformed(nicepay: Nicepay, member: str) -> None:
    """A refused request without one of its members is malformed."""
    question = {name: value for name, value in REFUSED.items() if name != member}
    assert _post(nicepay, "/ui/explain", question).json() == {"error": f"malformed: {member}"}


@pytest.mark.parametrize(
    ("member", "value"),
    [("target", "/a b"), ("target", "a"), ("headers", [["a", "b"]] * 65), ("lang", "fr"), ("method", "post")],
)
def test_a_request_keeps_the_servers_limits(nicepay: Nicepay, member: str, value: object) -> None:
    """A request beyond the limits of the server is not explained."""
    assert _post(nicepay, "/ui/explain", {**REFUSED, member: value}).json() == {"error": f"malformed: {member}"}


def test_a_body_has_a_limit(nicepay: Nicepay) -> None:
    """A body with one byte over the limit is refused."""
    app = Starlette(routes=SandboxApi(nicepay.private_key, Clock(), _explained).routes())
    client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    empty = len(b'{"client_key":""}')
    largest = b'{"client_key":"%b"}' % (b"A" * (LARGEST_BODY - empty))
    headers = {"Origin": ORIGIN}
    assert client.post("/ui/sign", content=largest, headers=headers).status_code == 400
    assert client.post("/ui/sign", content=largest + b" ", headers=headers).status_code == 500


def test_the_page_may_be_served_over_tls(nicepay: Nicepay) -> None:
    """The origin of the page has the scheme of the request."""
    question = {"client_key": "IONPAYTEST"}
    secure, plain = "https://127.0.0.1:8080", "http://127.0.0.1:8080"
    assert _post(nicepay, "/ui/sign", question, secure, secure).status_code == 200
    assert _post(nicepay, "/ui/sign", question, plain, secure).status_code == 403
