"""Taking back what was issued."""

import asyncio
from datetime import datetime, timedelta

import pytest

from handlers.revocation import revoke_tokens
from handlers.services import Services
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, ResponseCode, SnapError
from tests.calls import services
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay


def _revoke(known: Services, **form: str) -> object:
    return asyncio.run(revoke_tokens(known, **form))


def _taken_back(known: Services, now: datetime = NOON) -> dict[str, datetime]:
    return dict(asyncio.run(known.state.revocations(now)))


@pytest.fixture
def known(nicepay: Nicepay) -> Services:
    """A merchant who knows NICEPAY."""
    return services(nicepay)


def test_one_token_is_taken_back_in_all_its_spellings(known: Services) -> None:
    """What is remembered is the token's bytes, so however it is written, it is the token that calls come with."""
    token = known.token_keys.mint(CLIENT_KEY, NOON)
    subject = f"token:{known.token_keys.open(token, NOON).fingerprint}"
    for spelling in (token, token.rstrip("="), token.replace("-", "+").replace("_", "/")):
        assert _revoke(known, token=spelling, token_type_hint="access_token") == {}  # noqa: S106  no password
        assert _taken_back(known) == {subject: NOON}


def test_all_tokens_of_a_client_are_taken_back_up_to_now(known: Services) -> None:
    """What is remembered is the client, and the time up to which its tokens are worth nothing."""
    assert _revoke(known, client_id=CLIENT_KEY) == {}
    assert _taken_back(known) == {f"client:{CLIENT_KEY}": NOON}


def test_it_is_remembered_for_as_long_as_a_token_might_live(known: Services) -> None:
    """A lifetime and twice what clocks may be apart, and then it is forgotten."""
    _revoke(known, client_id=CLIENT_KEY)
    assert _taken_back(known, NOON + timedelta(seconds=900 + 2 * 60 - 1))
    assert not _taken_back(known, NOON + timedelta(seconds=900 + 2 * 60))


def test_another_instance_s_token_is_taken_back_too(known: Services) -> None:
    """A token whose key is not known here may live elsewhere, so it is remembered all the same."""
    assert _revoke(known, token="bm90IG91cnM=") == {}  # noqa: S106  no password
    assert len(_taken_back(known)) == 1


@pytest.mark.parametrize("token", ["A", "tökens"])
def test_what_spells_no_token_needs_no_taking_back(known: Services, token: str) -> None:
    """The answer is the same, for what was wanted is so, and nothing is remembered."""
    assert _revoke(known, token=token) == {}
    assert not _taken_back(known)


@pytest.mark.parametrize(
    ("form", "code", "field"),
    [
        ({}, INVALID_MANDATORY_FIELD, "token or client_id"),
        ({"token": "", "client_id": ""}, INVALID_MANDATORY_FIELD, "token or client_id"),
        ({"token": "x", "client_id": CLIENT_KEY}, INVALID_FIELD_FORMAT, "token or client_id"),
        ({"client_id": "NOBODY"}, INVALID_FIELD_FORMAT, "client_id"),
    ],
)
def test_exactly_one_of_the_two_is_taken(known: Services, form: dict[str, str], code: ResponseCode, field: str) -> None:
    """Neither, both, or a client that is not known is a mistake, and nothing is remembered."""
    with pytest.raises(SnapError) as refusal:
        _revoke(known, **form)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not _taken_back(known)
