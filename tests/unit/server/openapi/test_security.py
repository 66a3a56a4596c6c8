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


def test_alternatives_may_differ_in_what_is_handed_over() -> None:
    """A credential that the function judges may be left out, and one that is checked here is demanded all the same."""
    handed_over = CHECKS | {"token": Check(lambda value: {"token": value}, frozenset({"token"}), may_be_absent=True)}
    both = security_of([{"token": [], "secret": []}, {"secret": []}], SCHEMES, handed_over)
    assert [rule.key for rule in both] == [b"authorization", b"x-secret"]
    assert both == security_of([{"secret": []}, {"secret": [], "token": []}], SCHEMES, handed_over)[::-1]


def test_a_document_cannot_waive_a_check() -> None:
    """A credential that may be absent is checked in every request, also if an alternative needs no credential."""
    secret: dict[str, list[str]] = {"secret": []}
    for security in ([secret, {}], [{}, secret]):
        (rule,) = security_of(security, SCHEMES, {"secret": Check(_refuse, may_be_absent=True)})
        with pytest.raises(SnapError):
            rule.arguments(RequestHeaders.of([]))


@pytest.mark.parametrize(
    "security",
    [
        [{"token": [], "secret": []}, {"token": []}],
        [{"token": [], "secret": []}, {}],
        [{"secret": []}, {}],
        [{}],
        [{}, {}],
        [{"token": [], "secret": []}, {"secret": ["read"]}],
        [{"token": ["read"], "secret": []}, {"secret": []}],
    ],
)
def test_no_other_choice_is_supported(security: list[dict[str, list[str]]]) -> None:
    """A choice without the credential that is checked here, or without any, stops the start."""
    handed_over = CHECKS | {"token": Check(lambda value: {"token": value}, frozenset({"token"}), may_be_absent=True)}
    with pytest.raises(UnsupportedError, match=r"security: .*(choice|scopes)"):
        security_of(security, SCHEMES, handed_over)
