"""Taking back what was issued."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import decision_notes
from handlers.revocation import revoke_tokens
from handlers.services import Services
from handlers.snap.codes import (
    EXTERNAL_SERVER_ERROR,
    INVALID_FIELD_FORMAT,
    INVALID_MANDATORY_FIELD,
    ResponseCode,
    SnapError,
)
from handlers.snap.token import fingerprint
from tests.calls import loaded_revocations, services
from tests.engines import BreakableState
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay

LIFETIME_AND_CLOCKS_APART = 900 + 2 * 60


def _revoke(known: Services, **form: str) -> object:
    return asyncio.run(revoke_tokens(known, **form))


@pytest.fixture
def engine() -> BreakableState:
    """Up, and nothing is revoked as yet."""
    return BreakableState()


@pytest.fixture
def known(nicepay: Nicepay, engine: BreakableState) -> Services:
    """A merchant who knows NICEPAY."""
    return replace(services(nicepay), revocations=loaded_revocations(engine))


def _revoked(engine: BreakableState, seconds: int = LIFETIME_AND_CLOCKS_APART - 1) -> set[str]:
    """What is remembered so long after noon."""
    return set(asyncio.run(engine.revocations(NOON + timedelta(seconds=seconds))))


def test_one_token_is_taken_back_in_all_its_spellings(nicepay: Nicepay) -> None:
    """However a token is written, it is the one that calls come with that is taken back, for as long as it may live."""
    token = services(nicepay).token_keys.issue(CLIENT_KEY, NOON)
    for spelling in (token, token.rstrip("="), token.replace("-", "+").replace("_", "/")):
        engine = BreakableState()
        known = replace(services(nicepay), revocations=loaded_revocations(engine))
        assert _revoke(known, token=spelling, token_type_hint="access_token") == {}  # noqa: S106  no password
        assert known.revocations.is_revoked(CLIENT_KEY, fingerprint(token), NOON)
        assert _revoked(engine) == {f"token:{fingerprint(token)}"}
        assert not _revoked(engine, LIFETIME_AND_CLOCKS_APART)


def test_all_tokens_of_a_client_are_taken_back(known: Services, engine: BreakableState) -> None:
    """A client's tokens are taken back together, for as long as the youngest may live."""
    assert _revoke(known, client_id=CLIENT_KEY) == {}
    assert _revoked(engine) == {f"client:{CLIENT_KEY}"}
    assert not _revoked(engine, LIFETIME_AND_CLOCKS_APART)


def test_the_log_hears_whose_it_was(nicepay: Nicepay, known: Services) -> None:
    """Of a client its key is noted; of a token its fingerprint, and its client's key if it opens here."""
    token = known.token_keys.issue(CLIENT_KEY, NOON)
    strange = services(nicepay).token_keys.issue(CLIENT_KEY, NOON)
    expired = known.token_keys.issue(CLIENT_KEY, NOON - timedelta(seconds=900))
    for form, told in (
        ({"client_id": CLIENT_KEY}, {"client_key": CLIENT_KEY}),
        ({"token": token}, {"token": fingerprint(token), "client_key": CLIENT_KEY}),
        ({"token": strange}, {"token": fingerprint(strange)}),
        ({"token": expired}, {"token": fingerprint(expired)}),
        ({"token": "A"}, {}),
    ):
        notes = decision_notes.start_notes()
        _revoke(known, **form)
        assert notes == told


def test_another_instance_s_token_is_taken_back_too(known: Services, engine: BreakableState) -> None:
    """A token whose key is not known here may live elsewhere, so it is taken back all the same."""
    assert _revoke(known, token="bm90IG91cnM=") == {}  # noqa: S106  no password
    assert len(_revoked(engine)) == 1


def test_nothing_is_said_to_be_taken_back_that_is_not(known: Services, engine: BreakableState) -> None:
    """While the engine is down, the caller is told so, and may come again."""
    engine.up = False
    for form in ({"token": "bm90IG91cnM="}, {"client_id": CLIENT_KEY}):
        with pytest.raises(SnapError) as refusal:
            _revoke(known, **form)
        assert refusal.value.code == EXTERNAL_SERVER_ERROR


@pytest.mark.parametrize("token", ["A", "tökens"])
def test_what_spells_no_token_needs_no_taking_back(known: Services, engine: BreakableState, token: str) -> None:
    """The answer is the same, for what was wanted is so, and nothing is remembered."""
    assert _revoke(known, token=token) == {}
    assert not _revoked(engine)


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
    known: Services, engine: BreakableState, form: dict[str, str], code: ResponseCode, field: str
) -> None:
    """Neither, both, or a client that is not known is a mistake, and nothing is remembered."""
    with pytest.raises(SnapError) as refusal:
        _revoke(known, **form)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not _revoked(engine)
