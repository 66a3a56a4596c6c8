"""The form of a call: its headers tell it, and its service accepts it or not."""

from itertools import combinations, product

import pytest

from handlers.snap.call_form import CallForm, form_of_call, require_complete
from handlers.snap.codes import INVALID_MANDATORY_FIELD, SnapError

FORMS: tuple[CallForm, ...] = ("token", "notification", "body-signed")
SETS = [each for size in (1, 2, 3) for each in combinations(FORMS, size)]
VALUES = (None, "", "a")
HEADERS = list(product(VALUES, VALUES, VALUES))


def _outcome(accepted: tuple[CallForm, ...], headers: tuple[str | None, str | None, str | None]) -> str:
    try:
        return form_of_call(accepted, *headers)
    except SnapError as refusal:
        return f"{refusal.code.case} {refusal.field}"


@pytest.mark.parametrize("accepted", SETS, ids=" ".join)
def test_a_call_gets_no_form_that_its_service_does_not_accept(accepted: tuple[CallForm, ...]) -> None:
    """Whatever headers are sent or left out, the form is one of those that the settings list, or there is none."""
    for headers in HEADERS:
        outcome = _outcome(accepted, headers)
        assert outcome in accepted or outcome[:3] in {"01 ", "02 "}


@pytest.mark.parametrize("accepted", SETS, ids=" ".join)
def test_a_call_without_a_token_is_one_only_where_the_settings_say_so(accepted: tuple[CallForm, ...]) -> None:
    """Without Authorization the form is `token`, which refuses the call, or a form that the settings list by name."""
    for _, client_key, partner_id in HEADERS:
        outcome = _outcome(accepted, (None, client_key, partner_id))
        if outcome == "notification":
            assert ("notification" in accepted, bool(client_key), bool(partner_id)) == (True, True, False)
        if outcome == "body-signed":
            assert ("body-signed" in accepted, bool(client_key), bool(partner_id)) == (True, False, True)


@pytest.mark.parametrize("accepted", [each for each in SETS if each != ("token",)], ids=" ".join)
def test_a_call_with_the_headers_of_two_forms_has_none(accepted: tuple[CallForm, ...]) -> None:
    """X-CLIENT-KEY beside Authorization or X-PARTNER-ID is refused by name, except by a service of tokens alone."""
    for authorization, partner_id in (("a", "a"), ("a", None), (None, "a")):
        assert _outcome(accepted, (authorization, "a", partner_id))[:3] == "01 "


def test_a_service_of_tokens_looks_at_nothing_else() -> None:
    """Every call is one with a token, whatever its headers are."""
    assert {_outcome(("token",), headers) for headers in HEADERS} == {"token"}


@pytest.mark.parametrize(
    ("accepted", "headers", "outcome"),
    [
        (("token", "notification"), ("a", None, "a"), "token"),
        (("token", "notification"), (None, "a", None), "notification"),
        (("token", "notification"), (None, None, "a"), "token"),
        (("token", "notification"), (None, None, None), "token"),
        (("token", "notification"), ("a", "a", "a"), "01 X-CLIENT-KEY"),
        (("token", "notification"), (None, "a", "a"), "01 X-PARTNER-ID"),
        (("token", "body-signed"), (None, None, "a"), "body-signed"),
        (("token", "body-signed"), (None, "a", "a"), "01 X-CLIENT-KEY"),
        (("notification",), ("a", None, None), "01 Authorization"),
        (("notification",), (None, None, "a"), "02 X-CLIENT-KEY"),
        (("body-signed",), ("a", None, "a"), "01 Authorization"),
        (("body-signed",), (None, "a", None), "01 X-CLIENT-KEY"),
        (("body-signed",), (None, "", ""), "02 X-PARTNER-ID"),
        (("notification", "body-signed"), (None, None, None), "02 X-CLIENT-KEY or X-PARTNER-ID"),
    ],
)
def test_the_headers_tell_the_form(
    accepted: tuple[CallForm, ...], headers: tuple[str | None, str | None, str | None], outcome: str
) -> None:
    """Authorization, X-CLIENT-KEY, X-PARTNER-ID: the form, or the code's case and the header that is named."""
    assert _outcome(accepted, headers) == outcome


@pytest.mark.parametrize("form", ["token", "body-signed"])
@pytest.mark.parametrize(
    ("partner_id", "external_id", "missing"),
    [(None, "1", "X-PARTNER-ID"), ("", "", "X-PARTNER-ID"), ("a", None, "X-EXTERNAL-ID"), ("a", "", "X-EXTERNAL-ID")],
)
def test_a_form_needs_all_of_its_headers(
    form: CallForm, partner_id: str | None, external_id: str | None, missing: str
) -> None:
    """The first header that is absent or empty is named."""
    with pytest.raises(SnapError) as refusal:
        require_complete(form, partner_id, external_id)
    assert (refusal.value.code, refusal.value.field) == (INVALID_MANDATORY_FIELD, missing)
    require_complete(form, "a", "1")


def test_a_notification_needs_neither() -> None:
    """X-PARTNER-ID and X-EXTERNAL-ID are not headers of a notification."""
    require_complete("notification", None, None)
