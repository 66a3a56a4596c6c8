"""Revoking tokens."""

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


def _revoke(merchant: Services, **form: str) -> object:
    return asyncio.run(revoke_tokens(merchant, **form))


@pytest.fixture
def engine() -> BreakableState:
    """A store that is up, and has no revocations."""
    return BreakableState()


@pytest.fixture
def merchant(nicepay: Nicepay, engine: BreakableState) -> Services:
    """A merchant that knows NICEPAY."""
    return replace(services(nicepay), revocations=loaded_revocations(engine))


def _revoked(engine: BreakableState, seconds: int = LIFETIME_AND_CLOCKS_APART - 1) -> set[str]:
    """The subjects that are revoked `seconds` after noon."""
    return set(asyncio.run(engine.revocations(NOON + timedelta(seconds=seconds))))


def test_a_token_is_revoked_in_every_spelling(nicepay: Nicepay) -> None:
    """Any base64 spelling of a token revokes that token, until it has expired on every instance."""
    token = services(nicepay).token_keys.issue(CLIENT_KEY, NOON)
    for spelling in (token, token.rstrip("="), token.replace("-", "+").replace("_", "/")):
        engine = BreakableState()
        merchant = replace(services(nicepay), revocations=loaded_revocations(engine))
        assert _revoke(merchant, token=spelling) == {}
        assert merchant.revocations.is_revoked(CLIENT_KEY, fingerprint(token), NOON)
        assert _revoked(engine) == {f"token:{fingerprint(token)}"}
        assert not _revoked(engine, LIFETIME_AND_CLOCKS_APART)


def test_all_tokens_of_a_client_are_revoked(merchant: Services, engine: BreakableState) -> None:
    """All tokens of a client are revoked together, until the youngest has expired."""
    assert _revoke(merchant, client_id=CLIENT_KEY) == {}
    assert _revoked(engine) == {f"client:{CLIENT_KEY}"}
    assert not _revoked(engine, LIFETIME_AND_CLOCKS_APART)


def test_the_log_has_client_and_token(nicepay: Nicepay, merchant: Services) -> None:
    """The notes have the client key, or the token's fingerprint and, if a key here verifies it, its client."""
    token = merchant.token_keys.issue(CLIENT_KEY, NOON)
    strange = services(nicepay).token_keys.issue(CLIENT_KEY, NOON)
    expired = merchant.token_keys.issue(CLIENT_KEY, NOON - timedelta(seconds=900))
    for form, log_fields in (
        ({"client_id": CLIENT_KEY}, {"client_key": CLIENT_KEY}),
        ({"token": token}, {"token": fingerprint(token), "client_key": CLIENT_KEY}),
        ({"token": strange}, {"token": fingerprint(strange)}),
        ({"token": expired}, {"token": fingerprint(expired)}),
        ({"token": "A"}, {}),
    ):
        notes = decision_notes.start_notes()
        _revoke(merchant, **form)
        assert notes == log_fields


def test_a_token_of_another_instance_is_revoked_too(merchant: Services, engine: BreakableState) -> None:
    """A token that no key here verifies is revoked, because another instance may know its key."""
    assert _revoke(merchant, token="bm90IG91cnM=") == {}  # noqa: S106  no password
    assert len(_revoked(engine)) == 1


def test_a_revocation_that_cannot_be_recorded_is_refused(merchant: Services, engine: BreakableState) -> None:
    """While the state store is down, the answer is 500 02."""
    engine.up = False
    for form in ({"token": "bm90IG91cnM="}, {"client_id": CLIENT_KEY}):
        with pytest.raises(SnapError) as refusal:
            _revoke(merchant, **form)
        assert refusal.value.code == EXTERNAL_SERVER_ERROR


@pytest.mark.parametrize("token", ["A", "tökens"])
def test_text_that_is_no_token_needs_no_revocation(merchant: Services, engine: BreakableState, token: str) -> None:
    """Text that is not base64 is answered like a revoked token, and nothing is recorded."""
    assert _revoke(merchant, token=token) == {}
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
def test_exactly_one_field_is_accepted(
    merchant: Services, engine: BreakableState, form: dict[str, str], code: ResponseCode, field: str
) -> None:
    """Neither field, both, or an unknown client is refused, and nothing is recorded."""
    with pytest.raises(SnapError) as refusal:
        _revoke(merchant, **form)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert not _revoked(engine)
