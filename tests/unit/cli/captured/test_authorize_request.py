"""A proxy's question about a call."""

import pytest

from handlers.cli.captured.authorize_request import call_in
from handlers.cli.captured.raw_http import CapturedRequest
from handlers.doctor.request import Request
from tests.merchant import NOON

OTHERS = (("Host", "127.0.0.1:8081"), ("Authorization", "Bearer x"), ("X-SIGNATURE", "QUJD"))


def _asked(*headers: tuple[str, str], target: str = "/authorize") -> CapturedRequest:
    return CapturedRequest(Request("POST", target, (*OTHERS, *headers), b"{}"), NOON)


@pytest.mark.parametrize(
    ("method", "uri"), [("X-Original-Method", "X-Original-URI"), ("x-forwarded-method", "x-forwarded-uri")]
)
@pytest.mark.parametrize("target", ["/authorize", "http://127.0.0.1:8081/authorize?x", "/below/authorize"])
def test_a_question_is_read_as_its_call(method: str, uri: str, target: str) -> None:
    """Method and URI are the call's own, its other headers stay, and the proxy's secret is left out."""
    secret = ("X-Internal-Authorization", "Bearer y")
    asked = _asked((method, "PUT"), secret, (uri, "/call?x=1"), target=target)
    captured = call_in(asked)
    assert captured.request.question
    assert captured == CapturedRequest(
        Request("PUT", "/call?x=1", OTHERS, b"{}", question=captured.request.question), NOON
    )
    question = captured.request.question
    assert (question.target, question.get("X-Internal-Authorization")) == (target, "Bearer y")
    assert (question.get("X-Original-Method"), question.get("X-Original-URI")) == ("PUT", "/call?x=1")


@pytest.mark.parametrize("call_headers", ["x-original", "x-forwarded"])
def test_of_two_pairs_that_of_the_settings_is_read(call_headers: str) -> None:
    """A proxy may pass the other pair on from whoever called it."""
    pairs = [
        (f"X-{word}-{name}", f"/{word.lower()}") for word in ("Original", "Forwarded") for name in ("Method", "URI")
    ]
    captured = call_in(_asked(*pairs), call_headers)
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
def test_half_a_question_is_one(names: list[str], call_headers: str | None) -> None:
    """The server reads it as one, and misses the rest of it; the pair that is not the settings' counts for nothing."""
    call = call_in(_asked(*((name, "/") for name in names)), call_headers).request
    assert call.question
    assert "" in {call.method, call.target}


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["X-Original-Method", "X-Original-URI"], "/call"),
        ([], "/authorize"),
    ],
)
def test_what_is_no_question_stays_as_it_is(names: list[str], target: str) -> None:
    """Another path, or nothing of a question."""
    captured = _asked(*((name, "/") for name in names), target=target)
    assert call_in(captured) is captured


@pytest.mark.parametrize("uri", ["http://[", "https://merchant.example/call", "/call#x", "call"])
def test_a_uri_stays_as_the_proxy_wrote_it(uri: str) -> None:
    """The server takes it as it is, and refuses what is no path."""
    assert call_in(_asked(("X-Original-Method", "GET"), ("X-Original-URI", uri))).request.target == uri
