"""Which header carries a credential, and who checks it."""

import pytest

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.security import Check, security_of
from handlers.server.openapi.unsupported import UnsupportedError
from handlers.snap.codes import UNAUTHORIZED, SnapError

SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "secret": {"type": "apiKey", "in": "header", "name": "X-Secret"},
}


def _refuse(_value: str) -> dict[str, object]:
    raise SnapError(UNAUTHORIZED, reason="refused")


CHECKS = {"token": Check(lambda value: {"token": value}, frozenset({"token"})), "secret": Check(_refuse)}


def test_all_schemes_of_an_operation_are_demanded() -> None:
    """Each from the header that the document names, in its order."""
    token, secret = security_of([{"token": [], "secret": []}], SCHEMES, CHECKS)
    sent = RequestHeaders.of([(b"authorization", b"a"), (b"x-secret", b"b")])
    assert (token.key, secret.key) == (b"authorization", b"x-secret")
    assert token.arguments(sent) == {"token": "a"}
    assert token.arguments(RequestHeaders.of([])) == {"token": ""}
    with pytest.raises(SnapError):
        secret.arguments(sent)


@pytest.mark.parametrize("security", [None, []])
def test_an_operation_may_demand_nothing(security: list[dict[str, list[str]]] | None) -> None:
    """Nothing is asked for where the document asks for nothing."""
    assert security_of(security, SCHEMES, CHECKS) == ()


@pytest.mark.parametrize(
    "security",
    [
        [{"other": []}],
        [{"token": [], "other": []}],
        [{"token": []}, {}],
        [{}, {}],
        [{}],
        [{"token": []}, {"secret": []}],
        [{"token": ["read"]}],
    ],
)
def test_what_nothing_checks_stops_the_start(security: list[dict[str, list[str]]]) -> None:
    """A scheme without a check, a choice, or a scope, is no security."""
    with pytest.raises(UnsupportedError, match=r"security: .*(no check|choice|scopes)"):
        security_of(security, SCHEMES, CHECKS)


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "http", "scheme": "basic"},
        {"type": "apiKey", "in": "query", "name": "secret"},
        {"type": "apiKey", "in": "cookie", "name": "secret"},
        {"type": "openIdConnect", "openIdConnectUrl": "https://merchant.example"},
        {"type": "oauth2", "flows": {}},
    ],
)
def test_a_scheme_of_another_kind_stops_the_start(scheme: dict[str, object]) -> None:
    """The checks read a header; a credential that is elsewhere, or of another kind, would not be checked."""
    with pytest.raises(UnsupportedError, match="security: token: must be"):
        security_of([{"token": []}], {"token": scheme}, CHECKS)
