"""nginx and Caddy with the files of `docs/deploy`. Stubs replace the server and the merchant's service."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from handlers.server.http.request_id import is_request_id
from tests.e2e import merchant_service, proxies
from tests.e2e.merchant_service import ARBITRARY, Answer, Service
from tests.e2e.process import running
from tests.e2e.proxies import HOST, Proxy, Upstreams
from tests.listening import read_until_closed

if TYPE_CHECKING:
    from tests.e2e.stage import ProxyOf

INQUIRY = "/api/v1.0/transfer-va/inquiry"
TOKEN = "/api/v1.0/access-token/b2b"
LIMIT = 262_144
GENUINE = Answer(
    b"", headers={"X-Accel-Redirect": "@merchant", "X-Client-Key": "IONPAYTEST", "X-External-Id": "ordNo20260122"}
)
Headers = dict[str, str] | list[tuple[str, str]]
REFUSED = b'{"responseCode":"4012401","responseMessage":"Invalid Token (B2B)"}'
FROM_OUTSIDE = [
    (name, "from outside")
    for name in (
        *("X-Original-Method", "X-Original-URI", "X_Original_URI", "X-Forwarded-Method", "X-Forwarded-Uri"),
        *("X-Client-Key", "X-Client-Key", "X_Client_Key", "X_CLIENT-KEY", "X-External-Id", "X_External_Id"),
        *("X-Internal-Authorization", "X-Accel-Redirect", "X-Forwarded-For", "X-Original-Delivery"),
    )
]
BOTH = pytest.mark.parametrize("front", ["nginx", "caddy"], indirect=True)
NGINX = pytest.mark.parametrize("front", ["nginx"], indirect=True)
CADDY = pytest.mark.parametrize("front", ["caddy"], indirect=True)


@dataclass(frozen=True)
class Front:
    """A proxy with a stub for each service behind it."""

    folder: Path
    proxy: Proxy
    token: Service
    internal: Service
    merchant: Service

    @property
    def services(self) -> tuple[Service, Service, Service]:
        return self.token, self.internal, self.merchant

    def call(self, body: bytes | Iterator[bytes] = ARBITRARY, headers: Headers | None = None) -> httpx.Response:
        """Send a call."""
        return self.proxy.client.post(INQUIRY, content=body, headers=headers)

    def logged(self, text: str) -> str:
        """Wait for a line with this text in the proxy's access log."""
        with running("tail", "-n", "+1", "-F", self.folder / "access.log") as following:
            return next(line for line in following.out if text in line)

    def exchange(self, head: str, body: bytes = b"") -> bytes:
        """Send these lines and this body unchanged, and read the answer."""
        return self.proxy.exchange(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with _front("nginx", tmp_path_factory.mktemp("nginx")) as front:
        yield front


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with _front("caddy", tmp_path_factory.mktemp("caddy")) as front:
        yield front


@pytest.fixture
def front(request: pytest.FixtureRequest) -> Front:
    """The proxy of the test. The stub for /authorize accepts every call, and no stub has received a call."""
    front: Front = request.getfixturevalue(request.param)
    front.token.answer = front.merchant.answer = Answer()
    front.internal.answer = GENUINE
    for service in front.services:
        service.calls.queue.clear()
    return front


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


@BOTH
def test_a_genuine_call_reaches_the_merchant_as_it_came(front: Front) -> None:
    """Method, URI, headers and body of a genuine call reach the merchant, and the caller gets the merchant's answer."""
    headers = {"Authorization": "Bearer gAAA==", "X-SIGNATURE": "c2ln", "Content-Type": "text/odd", "Host": HOST}
    answer = front.proxy.client.post(INQUIRY + "?a=%2Fb&c=%20%7e", content=ARBITRARY, headers=headers)
    call = front.merchant.received()
    assert (call.method, call.target, call.body) == ("POST", INQUIRY + "?a=%2Fb&c=%20%7e", ARBITRARY)
    assert {name: call.values(name) for name in headers} == {name: [value] for name, value in headers.items()}
    assert (answer.status_code, answer.content) == (200, front.merchant.answer.content)


@BOTH
def test_the_merchant_learns_whose_call_it_is(front: Front) -> None:
    """The merchant gets the client key and the external id from the answer of /authorize."""
    front.call()
    call = front.merchant.received()
    assert (call.values("X-Client-Key"), call.values("X-External-Id")) == (["IONPAYTEST"], ["ordNo20260122"])


@NGINX
def test_nginx_has_the_call_authorised_with_its_body(front: Front) -> None:
    """Nginx sends a POST to /authorize with the body of the call, and with its method and URI in X-Original-*."""
    front.proxy.client.put(INQUIRY + "?a=%2Fb", content=ARBITRARY)
    auth_request = front.internal.received()
    assert (auth_request.method, auth_request.target, auth_request.body) == ("POST", "/authorize", ARBITRARY)
    assert (auth_request.values("X-Original-Method"), auth_request.values("X-Original-URI")) == (
        ["PUT"],
        [INQUIRY + "?a=%2Fb"],
    )
    assert front.merchant.received().method == "PUT"


@CADDY
def test_caddy_has_the_call_authorised_without_its_body(front: Front) -> None:
    """Caddy sends a GET to /authorize without the body, and with method and URI of the call in X-Forwarded-*."""
    front.proxy.client.put(INQUIRY + "?a=%2Fb", content=ARBITRARY)
    auth_request = front.internal.received()
    assert (auth_request.method, auth_request.target, auth_request.body) == ("GET", "/authorize", b"")
    assert (auth_request.values("X-Forwarded-Method"), auth_request.values("X-Forwarded-Uri")) == (
        ["PUT"],
        [INQUIRY + "?a=%2Fb"],
    )
    assert front.merchant.received().method == "PUT"


@BOTH
@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 500, 502, 503, 504])
def test_a_refusal_reaches_the_caller(front: Front, status: int) -> None:
    """A refusal of /authorize reaches the caller with status, body and headers, and the merchant receives nothing."""
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"', "X-TIMESTAMP": "2026-01-22T12:00:01+07:00"}
    front.internal.answer = Answer(REFUSED, status, headers | {"Retry-After": "1"})
    answer = front.call()
    assert (answer.status_code, answer.content) == (status, REFUSED)
    assert answer.headers.items() >= {(name.lower(), value) for name, value in headers.items()} | {("retry-after", "1")}
    assert answer.headers["Content-Type"] == "application/json"
    assert front.merchant.calls.empty()


@BOTH
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_reach_the_merchant(front: Front, method: str) -> None:
    """Each method is sent to /authorize by name, and reaches the merchant unchanged."""
    answer = front.proxy.client.request(method, INQUIRY)
    auth_request = front.internal.received()
    assert auth_request.values("X-Original-Method") + auth_request.values("X-Forwarded-Method") == [method]
    assert front.merchant.received().method == method
    assert answer.status_code == 200


@BOTH
def test_trusted_headers_of_the_caller_are_dropped(front: Front) -> None:
    """Headers that the merchant or the internal listener trusts never come from the caller, in any spelling."""
    front.call(headers=FROM_OUTSIDE)
    auth_request, call = front.internal.received(), front.merchant.received()
    pair = [*auth_request.values("X-Original-Method"), *auth_request.values("X-Original-URI")]
    other = [*auth_request.values("X-Forwarded-Method"), *auth_request.values("X-Forwarded-Uri")]
    assert pair + other == ["POST", INQUIRY]
    assert call.values("X-Forwarded-For") == [HOST]
    assert not auth_request.values("X-Internal-Authorization")
    assert (call.values("X-Client-Key"), call.values("X-External-Id")) == (["IONPAYTEST"], ["ordNo20260122"])
    assert not [name for name, _ in auth_request.headers + call.headers if "_" in name]


@BOTH
@pytest.mark.parametrize(
    "name",
    [
        *("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x-http-method-override"),
        *("X-Rewrite-URL", "X-Original-URL", "X-Original-URI", "X-Original-Method", "X-Original-Host"),
        *("X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Host"),
        *("X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Proto"),
        *("X-Script-Name", "X-Host", "X-Real-IP", "X-Client-IP", "True-Client-IP", "Forwarded", "X-Forwarded-For"),
        *("X-Original-HTTP-Method", "X-HTTP-Path-Override", "X-Override-URL", "X-Envoy-Original-Path", "X-Proxy-Url"),
        *("X-Request-Uri", "X-Path-Info", "X-Remote-User", "X-Forwarded-User", "X-Forwarded-By", "X-Cluster-Client-IP"),
        *("CF-Connecting-IP", "X-Accel-Redirect", "X-Sendfile"),
    ],
)
def test_override_headers_do_not_reach_the_merchant(front: Front, name: str) -> None:
    """Headers with which a caller could override method, URI or sender of a call do not reach the merchant."""
    front.call(headers={name: "from outside"})
    assert "from outside" not in front.merchant.received().values(name)


@BOTH
def test_one_request_id_reaches_every_service(front: Front) -> None:
    """Server, merchant and caller get the request ID of the proxy's log, and the caller's own ID is ignored."""
    outside = {"X-Request-ID": "from-outside"}
    for service in front.services:
        service.answer = Answer(headers=service.answer.headers | {"X-Request-ID": "from-an-upstream"})
    call, token = front.call(headers=outside), front.proxy.client.post(TOKEN, headers=outside)
    ids = [answer.headers.get_list("X-Request-ID") for answer in (call, token)]
    received_ids = [
        service.received().values("X-Request-ID") for service in (front.internal, front.merchant, front.token)
    ]
    assert received_ids == [ids[0], ids[0], ids[1]]
    for (request_id,) in ids:
        assert is_request_id(request_id)
        assert request_id not in {"from-outside", "from-an-upstream"}
        assert front.logged(request_id)


@BOTH
def test_a_refusal_of_the_proxy_has_a_request_id(front: Front) -> None:
    """A refusal by the proxy itself has a request ID that is in the proxy's log."""
    answer = front.proxy.client.post("/nowhere")
    (request_id,) = answer.headers.get_list("X-Request-ID")
    assert answer.status_code == 404
    assert front.logged(request_id)


@NGINX
def test_nginx_says_that_it_needs_accel_redirect(front: Front) -> None:
    """Nginx sends X-Original-Delivery, because an answer without X-Accel-Redirect would be an empty 200 for NICEPAY."""
    front.call()
    assert front.internal.received().values("X-Original-Delivery") == ["accel-redirect"]


@NGINX
def test_the_call_of_a_half_closed_connection_is_delivered(front: Front) -> None:
    """A call is delivered and answered even if the caller closes its sending side after it."""
    call = f"POST {INQUIRY} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    for _ in range(10):
        with front.proxy.connect() as connection:
            connection.sendall(call.encode())
            socket.socket.shutdown(connection, socket.SHUT_WR)  # The shutdown of the TLS socket would discard its keys.
            assert read_until_closed(connection).startswith(b"HTTP/1.1 200 OK\r\n")
        assert front.merchant.received().body == b"{}"
        front.internal.received()


@CADDY
def test_caddy_drops_the_callers_client_key_before_it_asks(front: Front) -> None:
    """Caddy drops X-Client-Key before /authorize, because Caddy 2.10 would keep it if the answer has no client key."""
    front.call(headers={"X-Client-Key": "from outside"})
    assert not front.internal.received().values("X-Client-Key")


@BOTH
def test_a_caller_cannot_remove_headers(front: Front) -> None:
    """A Connection header that lists headers of the proxy removes none of them."""
    named = "X-Client-Key, X-External-Id, X-Original-Method, X-Original-URI, X-Forwarded-Method, X-Forwarded-Uri"
    front.call(headers={"Connection": named})
    auth_request, call = front.internal.received(), front.merchant.received()
    assert auth_request.values("X-Original-URI") + auth_request.values("X-Forwarded-Uri") == [INQUIRY]
    assert (call.values("X-Client-Key"), call.values("X-External-Id")) == (["IONPAYTEST"], ["ordNo20260122"])


@BOTH
def test_duplicate_headers_reach_authorize(front: Front) -> None:
    """A duplicate header reaches /authorize twice, so that /authorize can refuse it."""
    front.call(headers=[("X-SIGNATURE", "b25l"), ("X-SIGNATURE", "dHdv")])
    assert front.internal.received().values("X-SIGNATURE") == ["b25l", "dHdv"]


@BOTH
@pytest.mark.parametrize("size", [0, 1, 16_385, LIMIT])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_bodies_reach_the_merchant(front: Front, size: int, *, chunked: bool) -> None:
    """A body up to the limit reaches the merchant byte for byte, chunked or with Content-Length."""
    body = bytes(each % 256 for each in range(size))
    assert front.call(_chunked(body) if chunked else body).status_code == 200
    assert front.merchant.received().body == body


@NGINX
@pytest.mark.parametrize("size", [16_385, LIMIT])
def test_nginx_has_large_bodies_authorised(front: Front, size: int) -> None:
    """A chunked body up to the limit reaches /authorize byte for byte, and nginx writes no temporary file."""
    body = bytes(each % 251 for each in range(size))
    untouched = (front.folder / "tmp").stat().st_mtime_ns
    front.call(_chunked(body))
    assert front.internal.received().body == body
    assert (front.folder / "tmp").stat().st_mtime_ns == untouched


@NGINX
def test_nginx_refuses_a_body_in_chunks_over_the_limit(front: Front) -> None:
    """Nginx refuses a chunked body over the limit with a SNAP body, and asks no service."""
    answer = front.call(_chunked(b"x" * (LIMIT + 1)))
    assert (answer.status_code, answer.json()) == (413, _snap("4132400", "Content Too Large"))
    assert all(service.calls.empty() for service in front.services)


@CADDY
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_caddy_refuses_a_body_over_the_limit(front: Front, *, chunked: bool) -> None:
    """A body over the limit is refused, and never reaches the merchant completely."""
    body = b"x" * (LIMIT + 1)
    answer = front.call(_chunked(body) if chunked else body)
    assert answer.json()["responseCode"] in {"4132400", "5042400"}
    assert front.merchant.calls.empty()


@BOTH
def test_expect_100_continue_is_supported(front: Front) -> None:
    """A caller that waits for `100 Continue` before its body gets it, and is served."""
    head = f"POST {INQUIRY} HTTP/1.1\nHost: {HOST}\nConnection: close\nExpect: 100-continue\nContent-Length: 2"
    answer = front.exchange(head, b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n")
    assert b"HTTP/1.1 200 OK\r\n" in answer
    assert front.merchant.received().body == b"{}"


@BOTH
@pytest.mark.parametrize(
    "target",
    [
        INQUIRY + "?",
        "/" + INQUIRY,
        "/api/v1.0/./transfer-va/inquiry",
        "/api/v1.0/transfer-va/payment/../inquiry",
        "/api/v1.0/transfer-va%2Finquiry",
        "/api/v1.0/%74ransfer-va/inquiry",
        "/x/../api/v1.0/transfer-va/inquiry",
        INQUIRY + "?a=%00&b=//..#f",
    ],
)
def test_the_authorised_uri_is_the_delivered_uri(front: Front, target: str) -> None:
    """/authorize gets the same characters of an unusual URI as the merchant."""
    front.exchange(f"POST {target} HTTP/1.1\nHost: {HOST}\nConnection: close\nContent-Length: 0")
    auth_request = front.internal.received()
    assert auth_request.values("X-Original-URI") + auth_request.values("X-Forwarded-Uri") == [target]
    # The stub drops an empty query, and nginx drops a fragment.
    assert front.merchant.received().target == target.rstrip("?").partition("#")[0]


@NGINX
def test_an_absolute_uri_becomes_a_path(front: Front) -> None:
    """If the request target has scheme and host, /authorize and the merchant get only path and query."""
    front.exchange(f"POST http://other.example{INQUIRY}?a=1 HTTP/1.1\nHost: {HOST}\nConnection: close")
    assert front.internal.received().values("X-Original-URI") == [INQUIRY + "?a=1"]
    assert front.merchant.received().target == INQUIRY + "?a=1"


@BOTH
@pytest.mark.parametrize(
    "path", ["/", "/api/v1.0", "/api/v1.0x/", "/authorize", "/revoke", "/refused", "/@merchant", "/api/v1.0/../revoke"]
)
def test_other_paths_are_not_found(front: Front, path: str) -> None:
    """Other paths are not found, even if the internal listener or the proxy itself uses them."""
    answer = front.exchange(f"POST {path} HTTP/1.1\nHost: {HOST}\nConnection: close\nContent-Length: 0")
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert answer.endswith(b'\r\n\r\n{"responseCode":"4040000","responseMessage":"Not Found"}')
    assert all(service.calls.empty() for service in front.services)


@BOTH
def test_a_token_request_reaches_the_public_listener(front: Front) -> None:
    """A token request reaches the public listener unchanged, and no other service."""
    front.token.answer = Answer(REFUSED, 401, {"WWW-Authenticate": 'SNAP realm="access-token"'})
    answer = front.proxy.client.post(TOKEN, content=ARBITRARY, headers={"X-CLIENT-KEY": "IONPAYTEST"})
    call = front.token.received()
    assert (call.method, call.target, call.body) == ("POST", TOKEN, ARBITRARY)
    assert call.values("X-CLIENT-KEY") == ["IONPAYTEST"]
    assert (answer.status_code, answer.content) == (401, REFUSED)
    assert answer.headers["WWW-Authenticate"] == 'SNAP realm="access-token"'
    assert front.internal.calls.empty()
    assert front.merchant.calls.empty()


@NGINX
@pytest.mark.parametrize("target", [TOKEN, "@merchant", "/refused"])
def test_only_the_internal_listener_can_use_accel_redirect(front: Front, target: str) -> None:
    """X-Accel-Redirect of the merchant's service or of the public listener has no effect."""
    front.token.answer = front.merchant.answer = Answer(headers={"X-Accel-Redirect": target})
    answers = [front.call(), front.proxy.client.post(TOKEN, content=ARBITRARY)]
    assert [each.content for each in answers] == [Answer().content] * 2
    assert [service.calls.qsize() for service in front.services] == [1, 1, 1]


@NGINX
@pytest.mark.parametrize(
    "lines",
    [
        "Content-Length: 2\nTransfer-Encoding: chunked",
        "Content-Length: 2\nContent-Length: 12",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding : chunked",
        "Content-Length: 2\nHost: other.example",
    ],
)
def test_nginx_refuses_ambiguous_requests(front: Front, lines: str) -> None:
    """A call with an ambiguous length or two hosts is refused with a SNAP body, and no service is asked."""
    head = f"POST {INQUIRY} HTTP/1.1\nHost: {HOST}\nConnection: close\n{lines}"
    answer = front.exchange(head, b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b'\r\n\r\n{"responseCode":"4002400","responseMessage":"Bad Request"}')
    assert all(service.calls.empty() for service in front.services)


@NGINX
@pytest.mark.parametrize(
    ("target", "size", "code", "message"),
    [
        (INQUIRY, LIMIT + 1, "4132400", "Content Too Large"),
        ("/api/v1.0/transfer-va/payment?a=1", LIMIT + 1, "4132500", "Content Too Large"),
        ("/api/v1.0/transfer-va/payments", LIMIT + 1, "4130000", "Content Too Large"),
        (TOKEN, LIMIT + 1, "4137300", "Content Too Large"),
        (INQUIRY + "?" + "a" * 9_000, 0, "4140000", "URI Too Long"),
    ],
)
def test_nginx_refuses_with_snap_bodies(front: Front, target: str, size: int, code: str, message: str) -> None:
    """A refusal by nginx has a SNAP body, with the service code of the path if it is known."""
    answer = front.proxy.client.post(target, content=b"x" * size)
    assert (answer.status_code, answer.json()) == (int(code[:3]), _snap(code, message))
    assert all(service.calls.empty() for service in front.services)


@NGINX
def test_nginx_refuses_trace(front: Front) -> None:
    """TRACE is refused with a SNAP body, because it would show the caller the headers that the proxy adds."""
    answer = front.proxy.client.request("TRACE", INQUIRY)
    assert (answer.status_code, answer.json()) == (405, _snap("4052400", "Requested Function Is Not Supported"))
    assert all(service.calls.empty() for service in front.services)


@NGINX
def test_a_refusal_of_nginx_has_a_timestamp(front: Front) -> None:
    """A refusal by nginx has X-TIMESTAMP, which SNAP requires of every answer."""
    answer = front.proxy.client.post("/")
    assert datetime.fromisoformat(answer.headers["X-TIMESTAMP"]).utcoffset() is not None
    assert answer.headers["Server"] == "nginx"


@NGINX
def test_nginx_refuses_a_large_header(front: Front) -> None:
    """A header larger than nginx's buffer is refused with a SNAP body, and no service is asked."""
    answer = front.call(headers={"X-SIGNATURE": "x" * 9_000})
    assert (answer.status_code, answer.json()) == (431, _snap("4312400", "Request Header Fields Too Large"))
    assert all(service.calls.empty() for service in front.services)


@NGINX
def test_connections_are_reused(front: Front) -> None:
    """The calls of one caller use one persistent connection to each service."""
    ports = set()
    for _ in range(3):
        front.call()
        front.proxy.client.post(TOKEN)
        ports.add(tuple(service.received().port for service in front.services))
    assert len(ports) == 1


@NGINX
def test_an_old_tls_is_refused(front: Front) -> None:
    """A caller without TLS 1.3 gets no connection."""
    old = ssl.create_default_context(cafile=front.folder / "certificate.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((HOST, front.proxy.port)) as connection,
        pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"),
    ):
        old.wrap_socket(connection, server_hostname=HOST)


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_an_internal_listener_that_is_down(tmp_path: Path, program: str, closed_port: int) -> None:
    """Without the internal listener a call is refused with a SNAP body, and the merchant receives nothing."""
    with _front(program, tmp_path, internal=closed_port) as front:
        answer = front.call()
        assert (answer.status_code, answer.json()) == (503, _snap("5032400", "Service Unavailable"))
        assert front.merchant.calls.empty()


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_an_internal_listener_that_hangs(tmp_path: Path, program: str, silent_port: int) -> None:
    """If the internal listener does not answer within seconds, a call is refused like without it."""
    with _front(program, tmp_path, internal=silent_port) as front:
        assert front.call().json()["responseCode"] == "5032400"
        assert front.merchant.calls.empty()


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_a_merchant_service_that_is_down(tmp_path: Path, program: str, closed_port: int) -> None:
    """Without the merchant's service a genuine call gets SNAP's Timeout."""
    with _front(program, tmp_path, merchant=closed_port) as front:
        front.internal.answer = GENUINE
        answer = front.call()
        assert (answer.status_code, answer.json()) == (504, _snap("5042400", "Timeout"))


@contextmanager
def _front(program: str, folder: Path, **ports: int) -> Iterator[Front]:
    """Run a proxy in front of three stubs. `ports` replaces the port of a stub."""
    start: ProxyOf = proxies.nginx if program == "nginx" else proxies.caddy
    with ExitStack() as stack:
        services = {name: stack.enter_context(merchant_service.running()) for name in ("token", "internal", "merchant")}
        upstreams = Upstreams(**{name: service.port for name, service in services.items()} | ports)
        yield Front(folder, stack.enter_context(start(folder, upstreams)), **services)


def _chunked(body: bytes) -> Iterator[bytes]:
    """The body in pieces, which httpx sends chunked."""
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


def _snap(code: str, message: str) -> dict[str, str]:
    return {"responseCode": code, "responseMessage": message}
