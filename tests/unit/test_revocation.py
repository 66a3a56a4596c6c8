"""Taking back what was issued."""

import asyncio
from dataclasses import replace

import pytest

from handlers.revocation import revoke_tokens
from handlers.services import Services
from handlers.snap.codes import (
    EXTERNAL_SERVER_ERROR,
    INVALID_FIELD_FORMAT,
    INVALID_MANDATORY_FIELD,
    ResponseCode,
    SnapError,
)
from tests.calls import TakenBack, services
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay

LIFETIME_AND_CLOCKS_APART = 900 + 2 * 60


def _revoke(known: Services, **form: str) -> object:
    return asyncio.run(revoke_tokens(known, **form))


@pytest.fixture
def taken_back() -> TakenBack:
    """Nothing as yet."""
    return TakenBack()


@pytest.fixture
def known(nicepay: Nicepay, taken_back: TakenBack) -> Services:
    """A merchant who knows NICEPAY."""
    return replace(services(nicepay), revocations=taken_back)


def test_one_token_is_taken_back_in_all_its_spellings(known: Services, taken_back: TakenBack) -> None:
    """However a token is written, it is the one that calls come with that is taken back, for as long as it may live."""
    token = known.token_keys.mint(CLIENT_KEY, NOON)
    opened = known.token_keys.open(token, NOON)
    for spelling in (token, token.rstrip("="), token.replace("-", "+").replace("_", "/")):
        taken_back.subjects.clear()
        assert _revoke(known, token=spelling, token_type_hint="access_token") == {}  # noqa: S106  no password
        assert taken_back.subjects == {f"token:{opened.fingerprint}": (NOON, LIFETIME_AND_CLOCKS_APART)}
        assert taken_back.is_revoked(CLIENT_KEY, opened.fingerprint, opened.issued_at)


def test_all_tokens_of_a_client_are_taken_back(known: Services, taken_back: TakenBack) -> None:
    """A client's tokens are taken back together, for as long as the youngest may live."""
    assert _revoke(known, client_id=CLIENT_KEY) == {}
    assert taken_back.subjects == {f"client:{CLIENT_KEY}": (NOON, LIFETIME_AND_CLOCKS_APART)}


def test_another_instance_s_token_is_taken_back_too(known: Services, taken_back: TakenBack) -> None:
    """A token whose key is not known here may live elsewhere, so it is taken back all the same."""
    assert _revoke(known, token="bm90IG91cnM=") == {}  # noqa: S106  no password
    assert len(taken_back.subjects) == 1


def test_nothing_is_said_to_be_taken_back_that_is_not(known: Services, taken_back: TakenBack) -> None:
    """While the engine is down, the caller is told so, and may come again."""
    taken_back.fresh = False
    for form in ({"token": "bm90IG91cnM="}, {"client_id": CLIENT_KEY}):
        with pytest.raises(SnapError) as refusal:
            _revoke(known, **form)
        assert refusal.value.code == EXTERNAL_SERVER_ERROR


@pytest.mark.parametrize("token", ["A", "tökens"])
def test_what_spells_no_token_needs_no_taking_back(known: Services, taken_back: TakenBack, token: str) -> None:
    """The answer is the same, for what was wanted is so, and nothing is remembered."""
    assert _revoke(known, token=token) == {}
    assert not taken_back.subjects


@pytest.mark.parametrize(
    ("form", "code", "field"),
    [
        ({}, INVALID_MANDATORY_FIELD, "token or client_id"),
        ({"token": "", "client_id": ""}, INVALID_MANDATORY_FIELD, "token or client_id"),
        ({"token": "x", "client_id": CLIENT_KEY}, INVALID_FIELD_FORMAT, "token or client_id"),
        ({"client_id": "NOBODY"}, INVALID_FIELD_FORMAT, "client_id"),
    ],
)
def test_exactly_one_of_the_two_is_taken(
    known: Services, taken_back: TakenBack, form: dict[str, str], code: ResponseCode, field: str
) -> None:
    """Neither, both, or a client that is not known is a mistake, and nothing is remembered."""
    with pytest.raises(SnapError) as refusal:
        _revoke(known, **form)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not taken_back.subjects
