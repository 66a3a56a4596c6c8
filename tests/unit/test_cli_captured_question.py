"""A proxy's question about a call."""

import pytest

from handlers.cli.captured import Captured
from handlers.cli.captured_question import as_call
from handlers.cli.misuse import MisuseError
from handlers.doctor.request import Request
from tests.merchant import NOON

OTHERS = (("Host", "127.0.0.1:8081"), ("Authorization", "Bearer x"), ("X-SIGNATURE", "QUJD"))


def _asked(*headers: tuple[str, str], target: str = "/authorize") -> Captured:
    return Captured(Request("POST", target, (*OTHERS, *headers), b"{}"), NOON)


@pytest.mark.parametrize(
    ("method", "uri"), [("X-Original-Method", "X-Original-URI"), ("x-forwarded-method", "x-forwarded-uri")]
)
@pytest.mark.parametrize("target", ["/authorize", "http://127.0.0.1:8081/authorize?x", "/below/authorize"])
def test_a_question_is_read_as_its_call(method: str, uri: str, target: str) -> None:
    """Method and URI are the call's own, its other headers stay, and the proxy's secret is left out."""
    secret = ("X-Internal-Authorization", "Bearer y")
    captured = as_call(_asked((method, "PUT"), secret, (uri, "/call?x=1"), target=target))
    assert captured == Captured(Request("PUT", "/call?x=1", OTHERS, b"{}"), NOON)


@pytest.mark.parametrize("call_headers", ["x-original", "x-forwarded"])
def test_of_two_pairs_that_of_the_settings_is_read(call_headers: str) -> None:
    """A proxy may pass the other pair on from whoever called it."""
    pairs = [
        (f"X-{word}-{name}", f"/{word.lower()}") for word in ("Original", "Forwarded") for name in ("Method", "URI")
    ]
    captured = as_call(_asked(*pairs), call_headers)
    assert captured.request.target == f"/{call_headers.removeprefix('x-')}"


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["X-Original-Method", "X-Original-URI"], "/call"),
        (["X-Original-Method"], "/authorize"),
        (["X-Original-URI", "X-Forwarded-Method"], "/authorize"),
        ([], "/authorize"),
    ],
)
def test_what_is_no_question_stays_as_it_is(names: list[str], target: str) -> None:
    """Another path, or half of the call."""
    captured = _asked(*((name, "/") for name in names), target=target)
    assert as_call(captured) is captured


def test_a_question_about_no_uri_is_a_misuse() -> None:
    """One line says so."""
    with pytest.raises(MisuseError, match="its URL is none"):
        as_call(_asked(("X-Original-Method", "GET"), ("X-Original-URI", "http://[")))
