"""Whether a token is active."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from handlers.decision_notes import start_notes
from handlers.introspection import introspect_token
from handlers.services import Services
from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from tests.calls import loaded_revocations, services, unloaded_revocations, without_clients
from tests.merchant import NOON, Clock
from tests.nicepay import CLIENT_KEY, Nicepay

INACTIVE = {"active": False}
STRANGE = Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode()


def _ask(merchant: Services, token: str) -> object:
    return asyncio.run(introspect_token(merchant, token=token))


@pytest.fixture
def merchant(nicepay: Nicepay) -> Services:
    """A merchant that knows NICEPAY."""
    return services(nicepay)


@pytest.fixture
def token(merchant: Services) -> str:
    """A token that was issued at noon."""
    return merchant.token_keys.issue(CLIENT_KEY, NOON)


def test_an_active_token_has_its_client_and_lifetime(merchant: Services, token: str) -> None:
    """The answer has the client, the second of issue, and the second of expiry."""
    issued = int(NOON.timestamp())
    assert _ask(merchant, token) == {
        "active": True,
        "client_id": CLIENT_KEY,
        "token_type": "Bearer",
        "iat": issued,
        "exp": issued + 900,
    }


@pytest.mark.parametrize(("seconds", "active"), [(0, True), (899.5, True), (900, False)])
def test_a_token_is_active_until_it_expires(merchant: Services, token: str, seconds: float, *, active: bool) -> None:
    """From the second of `exp` on, a token is not active."""
    then = NOON.replace(microsecond=0) + timedelta(seconds=seconds)
    assert (_ask(replace(merchant, now=Clock(then)), token) != INACTIVE) is active


@pytest.mark.parametrize("text", ["x", "tökens", "Bearer x", "gAAAAAB=", pytest.param(STRANGE, id="strange token")])
def test_other_text_is_not_active(merchant: Services, text: str) -> None:
    """A text that we did not issue is not active, and the answer does not say why."""
    assert _ask(merchant, text) == INACTIVE


def test_another_spelling_of_a_token_is_not_active(merchant: Services, token: str) -> None:
    """A token is active only in the spelling in which it was issued."""
    for text in (token + "=", token.rstrip("="), f"{token}\n", f"Bearer {token}"):
        assert _ask(merchant, text) == INACTIVE


def test_a_revoked_token_is_not_active(merchant: Services, token: str) -> None:
    """A token that was revoked, alone or with all tokens of its client, is not active."""
    fingerprint = merchant.token_keys.verify(token, NOON).fingerprint
    for subject in (f"token:{fingerprint}", f"client:{CLIENT_KEY}"):
        assert _ask(replace(merchant, revocations=loaded_revocations(revoked=subject)), token) == INACTIVE


def test_a_token_of_an_inactive_client_is_not_active(nicepay: Nicepay, merchant: Services, token: str) -> None:
    """The token of a suspended or removed client is not active."""
    suspended = replace(services(nicepay, suspended=True), token_keys=merchant.token_keys)
    assert _ask(suspended, token) == INACTIVE
    assert _ask(replace(merchant, revocations=loaded_revocations(suspended=CLIENT_KEY)), token) == INACTIVE
    assert _ask(without_clients(merchant, nicepay), token) == INACTIVE


def test_no_answer_while_revocations_are_not_known(merchant: Services, token: str) -> None:
    """While revocations are not known, the answer is 500 02 instead of active or inactive."""
    with pytest.raises(SnapError) as refusal:
        _ask(replace(merchant, revocations=unloaded_revocations()), token)
    assert refusal.value.code == EXTERNAL_SERVER_ERROR


def test_a_token_of_ours_is_noted_even_if_it_is_refused(merchant: Services, token: str) -> None:
    """The log and the audit trail show which expired or revoked token somebody used, and never a token of others."""
    fingerprint = merchant.token_keys.verify(token, NOON).fingerprint
    revoked = replace(merchant, revocations=loaded_revocations(revoked=f"token:{fingerprint}"))
    expired = replace(merchant, now=Clock(NOON + timedelta(hours=1)))
    of_client = {"token": fingerprint, "client_key": CLIENT_KEY}
    expected: list[tuple[Services, str, dict[str, str]]] = [
        (revoked, token, of_client),
        (expired, token, {"token": fingerprint}),
        (merchant, STRANGE, {}),
    ]
    for used, text, noted in expected:
        notes = start_notes()
        assert _ask(used, text) == INACTIVE
        assert notes == noted
