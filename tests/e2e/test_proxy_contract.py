"""Every answer of nginx and Caddy themselves keeps the documents, checked like the answers of the server."""

import re
import socket
from calendar import isleap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPResponse
from io import BytesIO
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.document import check_proxy_answer
from tests.e2e import merchant_service, proxies
from tests.e2e.merchant_service import Answer
from tests.e2e.process import running
from tests.e2e.proxies import HOST, Edit, Proxy, Upstreams
from tests.e2e.stage import INQUIRY, NicoCall, ProxyOf, Stage, asymmetric, settings, staged
from tests.nicepay import Nicepay

TOKEN = "/api/v1.0/access-token/b2b"
CALL = "/api/v1.0/transfer-va/inquiry"
LIMIT = 262_144
SECRET = "a-secret-of-the-internal-listener"
CLIENT_KEY = "IONPAYTEST"
NGINX = 'accel_redirect = "@merchant"'
CADDY = 'call_headers = "x-forwarded"'
GENUINE = {"X-Accel-Redirect": "@merchant", "X-Client-Key": CLIENT_KEY, "Cache-Control": "no-store"}


@dataclass(frozen=True)
class Unusual:
    """A request as the bytes of its parts."""

    target: str = TOKEN
    method: str = "POST"
    version: str = "HTTP/1.1"
    host: str = f"Host: {HOST}"
    lines: tuple[str, ...] = ()
    body: str = ""

    def sent_to(self, proxy: Proxy) -> httpx.Response:
        """Send it with an X-CLIENT-KEY, and check the answer against the document."""
        head = [f"{self.method} {self.target} {self.version}".rstrip(), self.host, "Connection: close"]
        lines = [*head, f"X-CLIENT-KEY: {CLIENT_KEY}", *self.lines]
        answer = proxy.exchange("".join(f"{line}\r\n" for line in lines if line).encode() + f"\r\n{self.body}".encode())
        request = httpx.Request(self.method, f"https://{HOST}{self.target if self.target.startswith('/') else '/'}")
        return checked(answer, request)


def checked(received: bytes, request: httpx.Request) -> httpx.Response:
    """Read an answer, and check it against the document."""
    sock: Any = SimpleNamespace(makefile=lambda _mode: BytesIO(received))
    answer = HTTPResponse(sock, method=request.method)
    answer.begin()
    response = httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read(), request=request)
    check_proxy_answer(response)
    return response


def code_of(response: httpx.Response) -> str:
    code: str = response.json()["responseCode"]
    return code


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """A port that refuses connections."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory, closed_port: int) -> Iterator[Proxy]:
    """An nginx with nothing behind it."""
    upstreams = Upstreams(closed_port, closed_port, closed_port)
    with proxies.nginx(tmp_path_factory.mktemp("lonely"), upstreams) as proxy:
        yield proxy


UNUSUAL = {
    "no HTTP": (Unusual("", "NONSENSE", ""), "4000000"),
    "HTTP/1.0 without Host": (Unusual("/", version="HTTP/1.0", host=""), "4040000"),
    "HTTP/2.0": (Unusual(version="HTTP/2.0"), "4007300"),
    "HTTP/3.0": (Unusual(CALL, version="HTTP/3.0"), "4000000"),
    "no Host": (Unusual(host=""), "4007300"),
    "no Host, a call": (Unusual(CALL, host=""), "4002400"),
    "a malformed Host": (Unusual(host="Host: a b/"), "4007300"),
    "a second Host": (Unusual(lines=("Host: other.example",)), "4007300"),
    "an unknown Host": (Unusual("/", host="Host: other.example"), "4040000"),
    "a header with a NUL": (Unusual(lines=("X-A: a\0b",)), "4007300"),
    "a malformed escape": (Unusual("/api/v1.0/%zz"), "4000000"),
    "a path above the root": (Unusual("/../a"), "4000000"),
    "a lower-case method": (Unusual(method="post"), "4007300"),
    "TRACE": (Unusual(method="TRACE"), "4057300"),
    "TRACE, a call": (Unusual(CALL, "TRACE"), "4052400"),
    "CONNECT": (Unusual("a:443", "CONNECT"), "4000000"),
    "OPTIONS *": (Unusual("*", "OPTIONS"), "4000000"),
    "a malformed length": (Unusual(lines=("Content-Length: x",)), "4007300"),
    "a malformed chunk": (Unusual(lines=("Transfer-Encoding: chunked",), body="zz\r\n"), "4007300"),
    "a chunked call, malformed": (Unusual(CALL, lines=("Transfer-Encoding: chunked",), body="zz\r\n"), "4002400"),
    "an unknown coding": (Unusual(lines=("Transfer-Encoding: gzip, chunked",)), "4007300"),
    "chunked in HTTP/1.0": (Unusual(version="HTTP/1.0", lines=("Transfer-Encoding: chunked",)), "4007300"),
    "a large body": (Unusual(lines=(f"Content-Length: {LIMIT + 1}",), body="a" * (LIMIT + 1)), "4137300"),
    "a large call": (Unusual(CALL, lines=(f"Content-Length: {LIMIT + 1}",), body="a" * (LIMIT + 1)), "4132400"),
    "a long URI": (Unusual(f"{TOKEN}?{'a' * 9_000}"), "4147300"),
    "a long URI of another path": (Unusual(f"/{'a' * 9_000}"), "4140000"),
    "a long header": (Unusual(lines=(f"X-A: {'a' * 9_000}",)), "4317300"),
    "many long headers": (Unusual(CALL, lines=tuple(f"X-{each}: {'a' * 4_000}" for each in range(12))), "4312400"),
    "another path": (Unusual("/"), "4040000"),
    "the server is down": (Unusual(), "5037300"),
    "the server is down, by GET": (Unusual(method="GET"), "5037300"),
    "the server is down, an escape in the path": (Unusual("/api/v1.0/%61ccess-token/b2b"), "5037300"),
    "the server is down, a path like the token's": (Unusual(f"{TOKEN}/"), "5037300"),
    "/authorize is down": (Unusual(CALL), "5032400"),
    "/authorize is down, an unknown service": (Unusual("/api/v1.0/a"), "5030000"),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_answer_of_nginx_is_in_the_document(lonely: Proxy, name: str) -> None:
    """nginx's own answer has the body and the headers that the document describes, and the right service code."""
    request, code = UNUSUAL[name]
    response = request.sent_to(lonely)
    assert (response.status_code, code_of(response)) == (int(code[:3]), code)


@pytest.mark.parametrize(
    ("target", "code"), [("/", 404), (TOKEN, 503), (f"{TOKEN}?{'a' * 9_000}", 414)], ids=["404", "503", "414"]
)
def test_an_answer_of_nginx_to_head_has_no_body(lonely: Proxy, target: str, code: int) -> None:
    """A HEAD gets the status and the headers."""
    response = Unusual(target, "HEAD").sent_to(lonely)
    assert (response.status_code, response.content) == (code, b"")


def test_plain_http_gets_an_answer_of_the_document(lonely: Proxy) -> None:
    """A token request without TLS is refused with the same kind of answer."""
    with socket.create_connection((HOST, lonely.port)) as connection:
        connection.sendall(f"POST {TOKEN} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        received = b"".join(iter(partial(connection.recv, 65_536), b""))
    assert code_of(checked(received, httpx.Request("POST", f"http://{HOST}{TOKEN}"))) == "4007300"


@pytest.mark.parametrize("proxy", [proxies.nginx, proxies.caddy])
def test_a_well_formed_client_key_comes_back(tmp_path: Path, closed_port: int, proxy: ProxyOf) -> None:
    """The proxy's own answer to a token request has the X-CLIENT-KEY of the request, if its format is valid."""
    with proxy(tmp_path, Upstreams(closed_port, closed_port, closed_port)) as front:
        for value in (CLIENT_KEY, "!" + "~" * 35, None, "", "a" * 37, "a b", "\u00e9"):
            headers = [] if value is None else [(b"X-CLIENT-KEY", value.encode())]
            answer = front.client.post(TOKEN, headers=headers)
            check_proxy_answer(answer)
            valid = value in {CLIENT_KEY, "!" + "~" * 35}
            assert (answer.status_code, answer.headers.get("X-CLIENT-KEY")) == (503, value if valid else None)


def test_caddy_returns_none_of_two_client_keys(tmp_path: Path, closed_port: int) -> None:
    """If X-CLIENT-KEY comes twice, the answer has none. nginx 1.22 sees only the first one."""
    with proxies.caddy(tmp_path, Upstreams(closed_port, closed_port, closed_port)) as proxy:
        answer = proxy.client.post(TOKEN, headers=[("X-CLIENT-KEY", "a"), ("X-CLIENT-KEY", "b")])
    check_proxy_answer(answer)
    assert "X-CLIENT-KEY" not in answer.headers


def test_nginx_tells_when_to_ask_again(lonely: Proxy) -> None:
    """503 has Retry-After, and other answers do not."""
    answers = [lonely.client.post(path).headers.get("Retry-After") for path in (TOKEN, CALL, "/")]
    assert answers == ["1", "1", None]


def test_the_log_has_the_method_of_the_caller(lonely: Proxy, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A refused POST is a POST in nginx's access log."""
    answer = lonely.client.post(TOKEN)
    (log,) = tmp_path_factory.getbasetemp().glob("lonely0/access.log")
    with running("tail", "-n", "+1", "-F", log) as following:
        line = next(each for each in following.out if answer.headers["X-Request-ID"] in each)
    assert '"method":"POST"' in line


def test_nginx_has_jakarta_time(lonely: Proxy) -> None:
    """X-TIMESTAMP of nginx is the current time with the offset of Jakarta."""
    before = datetime.now(UTC).replace(microsecond=0)
    stamp = lonely.client.post("/").headers["X-TIMESTAMP"]
    assert before <= datetime.fromisoformat(stamp) <= datetime.now(UTC)
    assert stamp.endswith("+07:00")


def _turns_of_the_calendar() -> Iterator[datetime]:
    """Every hour of two days, 17:00 on every day of two years, one of them a leap year, and the ends of other years."""
    for hour in range(48):
        yield datetime(2026, 11, 29, tzinfo=UTC) + timedelta(hours=hour)
    for day in range(366 + 365):
        yield datetime(2027, 1, 1, 17, tzinfo=UTC) + timedelta(days=day)
    for year in range(2026, 2099):
        yield datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC)
        yield datetime(year, 12, 31, 17, tzinfo=UTC)
        if isleap(year):
            yield datetime(year, 2, 29, 17, tzinfo=UTC)


def test_nginx_knows_the_calendar(tmp_path: Path, closed_port: int) -> None:
    """X-TIMESTAMP is 7 hours after GMT at every turn of a day, a month and a year, with and without a leap day."""

    def edit(text: str) -> str:
        return text.replace("map $date_gmt $jakarta_time", "map $http_x_gmt $jakarta_time")

    with proxies.nginx(tmp_path, Upstreams(closed_port, closed_port, closed_port), edit=edit) as proxy:
        for time in _turns_of_the_calendar():
            answer = proxy.client.get("/", headers={"X-GMT": time.strftime("%A, %d-%b-%Y %H:%M:%S GMT")})
            jakarta = (time + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M:%S+07:00")
            assert answer.headers["X-TIMESTAMP"] == jakarta


def test_limits_of_an_operator_are_in_the_document(tmp_path: Path, closed_port: int) -> None:
    """Limits that an operator adds answer with 429 and Retry-After."""

    def edit(text: str) -> str:
        text = text.replace("    server {\n", "    limit_req_zone $server_name zone=all:1m rate=1r/m;\n    server {\n")
        return text.replace("        location / {", "        limit_req zone=all;\n        location / {")

    with proxies.nginx(tmp_path, Upstreams(closed_port, closed_port, closed_port), edit=edit) as proxy:
        answers = [proxy.client.post(path) for path in (TOKEN, TOKEN, CALL)]
    for answer in answers:
        check_proxy_answer(answer)
    assert [code_of(answer) for answer in answers] == ["5037300", "4297300", "4292400"]
    assert answers[1].headers["Retry-After"] == "1"


IMPATIENT: Edit = partial(re.sub, r"(proxy_read_timeout|response_header_timeout) \d+s", r"\1 100ms")
BROKEN = {
    "closes the connection": b"",
    "sends a malformed header": b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "sends a large header": b"HTTP/1.1 200 OK\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
}


@contextmanager
def _broken(answer: bytes) -> Iterator[int]:
    """A service that answers every request with these bytes, and closes the connection."""
    with socket.create_server((HOST, 0)) as listener, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(_serve, listener, answer)
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        assert isinstance(serving.exception(), OSError)  # accept() ends with the listener.


def _serve(listener: socket.socket, answer: bytes) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)


@contextmanager
def _silent() -> Iterator[int]:
    """A service that accepts connections and never answers."""
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


@dataclass(frozen=True)
class Codes:
    """The codes of one fault: of the server at a token request, of the server at a call, of the merchant's service."""

    token: str
    authorize: str
    merchant: str


FAULTS: dict[str, tuple[Callable[[], AbstractContextManager[int]], Codes]] = {
    **{name: (partial(_broken, answer), Codes("5037300", "5032400", "5042400")) for name, answer in BROKEN.items()},
    "never answers": (_silent, Codes("5047300", "5032400", "5042400")),
}


PROXIES: dict[str, Callable[..., AbstractContextManager[Proxy]]] = {"nginx": proxies.nginx, "caddy": proxies.caddy}
PASSED_ON = ("caddy", "sends a large header")


@pytest.mark.parametrize(("name", "fault"), [each for each in product(PROXIES, FAULTS) if each != PASSED_ON])
def test_a_fault_behind_a_proxy_is_in_the_document(tmp_path: Path, name: str, fault: str) -> None:
    """503 says that no call was delivered, and 504 that the outcome is unknown."""
    front = partial(PROXIES[name], edit=IMPATIENT if fault == "never answers" else str)
    start, codes = FAULTS[fault]
    with ExitStack() as stack:
        faulty, internal = stack.enter_context(start()), stack.enter_context(merchant_service.running())
        internal.answer = Answer(b"", headers=GENUINE)
        answers: list[httpx.Response] = []
        for ports in (Upstreams(faulty, faulty, faulty), Upstreams(faulty, internal.port, faulty)):
            folder = tmp_path / str(len(answers))
            folder.mkdir()
            with front(folder, ports) as proxy:
                answers += [proxy.client.post(path, headers={"X-CLIENT-KEY": CLIENT_KEY}) for path in (TOKEN, CALL)]
    for answer in answers:
        check_proxy_answer(answer)
    assert [code_of(answer) for answer in answers] == [codes.token, codes.authorize, codes.token, codes.merchant]


@pytest.mark.parametrize("proxy", [proxies.nginx, proxies.caddy])
def test_one_of_two_instances_answers(tmp_path: Path, closed_port: int, proxy: ProxyOf) -> None:
    """While one instance refuses connections, every request is answered by the other one, with its body."""
    with merchant_service.running() as service:
        service.answer = Answer(headers=GENUINE)
        upstreams = Upstreams(closed_port, closed_port, service.port, service.port, service.port)
        with proxy(tmp_path, upstreams) as front:
            statuses = [front.client.post(path, content=b"{}").status_code for path in (TOKEN, CALL) * 4]
    received = [call for call in service.calls.queue if call.target != "/authorize"]
    assert (statuses, {call.body for call in received}) == ([200] * 8, {b"{}"})


@pytest.mark.parametrize(
    "request_",
    [
        Unusual(lines=("Transfer-Encoding: chunked",), body="zz\r\n\r\n"),
        Unusual(lines=("Transfer-Encoding: chunked",), body=f"{LIMIT + 1:x}\r\n{'a' * (LIMIT + 1)}\r\n0\r\n\r\n"),
    ],
    ids=["a malformed chunk", "a large chunk"],
)
def test_a_bad_body_does_not_stop_other_token_requests(stage: Stage, request_: Unusual) -> None:
    """After a token request with a bad body, the proxy still sends the next request to the server."""
    for _ in range(2):
        assert request_.sent_to(stage.proxy).status_code in {400, 413}
        assert stage.token()


def test_a_large_body_does_not_stop_other_token_requests(stage: Stage) -> None:
    """After a token request with a large body, the proxy still sends the next request to the server."""
    for _ in range(2):
        answer = stage.outside.post(TOKEN, content=b"a" * 200_000)
        check_proxy_answer(answer)
        assert answer.status_code in {400, 413}
        assert stage.token()


PATHS = {
    **dict.fromkeys(
        (
            *(f"{TOKEN}/", f"{TOKEN}//", f"{TOKEN}x", f"{TOKEN}/x", f"/{TOKEN}", "/api/v1.0//access-token/b2b"),
            *("/api/v1.0/access-token/%62%32b", "/api/v1.0/%61ccess-token/b2b", "/api/v1.0/access-token%2Fb2b"),
            *("/api/v1.0/access-token", "/api/v1.0/access-token/", "/api/v1.0/access-token/b2c", f"{TOKEN};a=1"),
            *(TOKEN.upper(), "/api/v1.0/Access-Token/B2B", "/api/v1.1/access-token/b2b", "/access-token/b2b"),
            *(f"{TOKEN}/?a=1", "/api/v1.0/a/../access-token/b2b", "/api/v1.0/./access-token/b2b"),
        ),
        "4047300",
    ),
    **dict.fromkeys((f"{TOKEN}?", f"{TOKEN}?a=1", f"{TOKEN}?a=/"), "4007302"),  # the token endpoint itself
    **dict.fromkeys(("/", "/a", f"/api/v1.0{CALL}", f"{INQUIRY}/", f"/{INQUIRY}", INQUIRY.upper()), "4040000"),
    **dict.fromkeys(("/api/v1.0/cvs%2Finquiry", "/api/v1.0/accesstoken/b2b", "/api/v1.0/"), "4040000"),
}
OF_A_CALL = (
    *("Authorization: Bearer a", "X-SIGNATURE: AAAA", "X-PARTNER-ID: a", "X-EXTERNAL-ID: 1", "Content-Length: 0"),
    "X-TIMESTAMP: 2026-01-22T12:00:00+07:00",
)


@pytest.fixture(scope="module", params=[(proxies.nginx, NGINX), (proxies.caddy, CADDY)], ids=["nginx", "caddy"])
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay
) -> Iterator[Stage]:
    """The server behind a proxy."""
    proxy, internal = request.param
    with staged(settings(tmp_path_factory.mktemp("stage"), nicepay, "memory://", internal), nicepay, proxy) as whole:
        yield whole


@pytest.mark.parametrize("path", PATHS)
def test_a_path_gets_the_answer_of_the_document(stage: Stage, path: str) -> None:
    """A path like that of the token endpoint gets 4047300, and other unknown paths get 4040000."""
    response = Unusual(path, lines=OF_A_CALL if "ccess-token" not in path.lower() else ()).sent_to(stage.proxy)
    assert code_of(response) == PATHS[path]
    assert stage.merchant.calls.empty()


@pytest.mark.parametrize("path", ["/openapi/v1.0/access-token/b2b", "/snap/v1.0/access-token/b2b?a=%2F"])
def test_token_requests_of_other_acquirers_have_one_spelling(tmp_path: Path, path: str) -> None:
    """nginx sends the token path of another acquirer to the one path of the server, and other spellings unchanged."""
    with ExitStack() as stack:
        token = stack.enter_context(merchant_service.running())
        proxy = stack.enter_context(proxies.nginx(tmp_path, Upstreams(token.port, token.port, token.port)))
        proxy.client.post(path)
        assert token.received().target == "/api" + path[path.index("/v1.0") :]
        for other in (f"/{path}", path.replace("b2b", "b2b/"), path.replace("/acc", "//acc")):
            proxy.exchange(f"POST {other} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            assert token.received().target == other


ProxyWith = Callable[[str], ProxyOf]
"""A proxy with this secret for the internal listener."""


def _caddy(secret: str) -> ProxyOf:
    """Caddy with this secret, as the comment in its file says."""

    def edit(text: str) -> str:
        written = "header_up -X-Internal-Authorization #"
        assert text.count(written) == 1
        return text.replace(written, f'header_up X-Internal-Authorization "Bearer {secret}" #')

    return partial(proxies.caddy, edit=edit)


def _nginx(secret: str) -> ProxyOf:
    return partial(proxies.nginx, secret=secret)


def _older_nginx(secret: str) -> ProxyOf:
    """A file that does not have the location of the redirect."""
    return partial(proxies.nginx, secret=secret, edit=partial(re.sub, r"location @wrong_secret \{[^}]*\}", ""))


@pytest.mark.parametrize(
    ("proxy", "others", "internal"),
    [(_nginx, [_nginx, _older_nginx], NGINX), (_caddy, [_caddy], CADDY)],
    ids=["nginx", "caddy"],
)
def test_only_a_wrong_secret_of_the_proxy_becomes_500(
    tmp_path: Path, nicepay: Nicepay, proxy: ProxyWith, others: list[ProxyWith], internal: str
) -> None:
    """A 401 for the call reaches the caller unchanged. A 401 for the proxy's secret becomes 500."""
    (tmp_path / "internal.secret").write_text(SECRET)
    (tmp_path / "internal.secret").chmod(0o600)
    file = settings(tmp_path, nicepay, "memory://", f'{internal}\nsecret_file = "internal.secret"')
    with staged(file, nicepay, proxy(SECRET)) as stage:
        call = NicoCall(stage.token(), "ordNo1", asymmetric(nicepay))
        answer = stage.send(replace(call, token=""))
        stage.refuse(answer, "4019103", "Token Not Found (B2B)", "Bearer", "token.absent")
        answer = stage.send(replace(call, token="a"))  # noqa: S106  no secret
        stage.refuse(answer, "4019101", "Invalid Token (B2B)", 'Bearer error="invalid_token"', "token.tampered")
        stage.deliver(call)
        for number, wrong in enumerate(other(secret) for other in others for secret in ("", "another")):
            folder = tmp_path / str(number)
            folder.mkdir()
            _refused_proxy(stage, call, wrong, folder)


def _refused_proxy(stage: Stage, call: NicoCall, proxy: ProxyOf, folder: Path) -> None:
    internal, merchant = urlsplit(stage.internal).port or 0, stage.merchant.port
    with proxy(folder, Upstreams(merchant, internal, merchant)) as wrong:
        for token in (call.token, ""):
            headers = replace(call, token=token, external_id="ordNo2").headers(CLIENT_KEY)
            answer = wrong.client.post(call.path, headers=headers, content=call.body)
            check_proxy_answer(answer)
            assert (answer.status_code, code_of(answer)) == (500, "5000000")
            assert stage.server.err.event("call.refused")["reason"] == "secret.wrong"
    assert stage.merchant.calls.empty()


OF_CADDY = {
    "another path": (Unusual("/"), "4040000"),
    "another Host": (Unusual("/", host="Host: other.example"), "4040000"),
    "HTTP/1.0 without Host": (Unusual("/", version="HTTP/1.0", host=""), "4040000"),
    "a path above the root": (Unusual("/../a"), "4040000"),
    "the server is down": (Unusual(), "5037300"),
    "the server is down, another Host": (Unusual(host="Host: other.example"), "5037300"),
    "the server is down, an escape in the path": (Unusual("/api/v1.0/%61ccess-token/b2b"), "5037300"),
    "the server is down, HTTP/1.0": (Unusual(version="HTTP/1.0"), "5037300"),
    "/authorize is down": (Unusual(CALL), "5032400"),
    "/authorize is down, a query": (Unusual(f"{CALL}?a=1"), "5032400"),
    "/authorize is down, a payment": (Unusual("/api/v1.0/transfer-va/payment"), "5032500"),
    "/authorize is down, an unknown service": (Unusual(f"{CALL}/"), "5030000"),
    "/authorize is down, two slashes": (Unusual(f"/{CALL}"), "5030000"),
}


@pytest.fixture(scope="module")
def lonely_caddy(tmp_path_factory: pytest.TempPathFactory, closed_port: int) -> Iterator[Proxy]:
    """A Caddy with nothing behind it."""
    upstreams = Upstreams(closed_port, closed_port, closed_port)
    edit = partial(re.sub, "lb_try_duration 2s", "lb_try_duration 20ms")
    with proxies.caddy(tmp_path_factory.mktemp("caddy"), upstreams, edit=edit) as proxy:
        yield proxy


@pytest.mark.parametrize("name", OF_CADDY)
def test_an_answer_of_caddy_is_in_the_document(lonely_caddy: Proxy, name: str) -> None:
    """Caddy's own answer has the body and the headers that the document describes."""
    request, code = OF_CADDY[name]
    response = request.sent_to(lonely_caddy)
    assert (response.status_code, code_of(response)) == (int(code[:3]), code)
    assert response.headers.get("X-CLIENT-KEY") == (CLIENT_KEY if code[3:5] == "73" else None)
    assert response.headers.get("Retry-After") == ("1" if code.startswith("503") else None)
