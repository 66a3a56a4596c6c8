"""Requests of a proxy to /authorize."""

import pytest

from handlers.cli.captured.authorize_request import call_in
from handlers.cli.captured.captured_request import CapturedRequest
from handlers.doctor.request import Request
from tests.merchant import NOON

OTHERS = (("Host", "127.0.0.1:8081"), ("Authorization", "Bearer x"), ("X-SIGNATURE", "QUJD"))


def _proxy_request(*headers: tuple[str, str], target: str = "/authorize") -> CapturedRequest:
    return CapturedRequest(Request("POST", target, (*OTHERS, *headers), b"{}"), NOON)


@pytest.mark.parametrize(
    ("method", "uri"), [("X-Original-Method", "X-Original-URI"), ("x-forwarded-method", "x-forwarded-uri")]
)
@pytest.mark.parametrize("target", ["/authorize", "http://127.0.0.1:8081/authorize?x", "/below/authorize"])
def test_an_authorize_request_is_read_as_its_call(method: str, uri: str, target: str) -> None:
    """Method and URI are those of the call, other headers stay, and the secret of the proxy is removed."""
    secret = ("X-Internal-Authorization", "Bearer y")
    request = _proxy_request((method, "PUT"), secret, (uri, "/call?x=1"), target=target)
    captured = call_in(request)
    assert captured.request.authorize_request
    assert captured == CapturedRequest(
        Request("PUT", "/call?x=1", OTHERS, b"{}", authorize_request=captured.request.authorize_request), NOON
    )
    question = captured.request.authorize_request
    assert (question.target, question.get("X-Internal-Authorization")) == (target, "Bearer y")
    assert (question.get("X-Original-Method"), question.get("X-Original-URI")) == ("PUT", "/call?x=1")


@pytest.mark.parametrize("call_headers", ["x-original", "x-forwarded"])
def test_the_pair_of_the_settings_is_read(call_headers: str) -> None:
    """If both pairs of headers are there, the pair of the settings is read. A caller may have sent the other."""
    pairs = [
        (f"X-{word}-{name}", f"/{word.lower()}") for word in ("Original", "Forwarded") for name in ("Method", "URI")
    ]
    captured = call_in(_proxy_request(*pairs), call_headers)
    assert captured.request.target == f"/{call_headers.removeprefix('x-')}"


@pytest.mark.parametrize(
    ("names", "call_headers"),
    [
        (["X-Original-Method"], None),
        (["X-Original-URI", "X-Forwarded-Method"], None),
        (["X-Internal-Authorization"], None),
        (["X-Forwarded-Method", "X-Forwarded-URI"], "x-original"),
        (["X-Original-Method", "X-Original-URI"], "x-forwarded"),
    ],
)
def test_an_incomplete_authorize_request_is_read_as_one(names: list[str], call_headers: str | None) -> None:
    """A request to /authorize without all of its headers is still read as one, as the server does."""
    call = call_in(_proxy_request(*((name, "/") for name in names)), call_headers).request
    assert call.authorize_request
    assert "" in {call.method, call.target}


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["X-Original-Method", "X-Original-URI"], "/call"),
        ([], "/authorize"),
    ],
)
def test_other_requests_are_not_changed(names: list[str], target: str) -> None:
    """A request to another path, or without any header of a proxy, is not changed."""
    captured = _proxy_request(*((name, "/") for name in names), target=target)
    assert call_in(captured) is captured


@pytest.mark.parametrize("uri", ["http://[", "https://merchant.example/call", "/call#x", "call"])
def test_the_uri_is_not_changed(uri: str) -> None:
    """The URI is not changed. The server refuses a URI that is not a path."""
    assert call_in(_proxy_request(("X-Original-Method", "GET"), ("X-Original-URI", uri))).request.target == uri
