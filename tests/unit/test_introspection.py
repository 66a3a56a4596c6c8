"""What a token is worth."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from handlers.introspection import introspect_token
from handlers.services import Services
from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from tests.calls import loaded_revocations, services, unloaded_revocations, without_clients
from tests.merchant import NOON, Clock
from tests.nicepay import CLIENT_KEY, Nicepay

INACTIVE = {"active": False}
STRANGE = Fernet(Fernet.generate_key()).encrypt(b"IONPAYTEST").decode()


def _ask(known: Services, token: str) -> object:
    return asyncio.run(introspect_token(known, token=token, token_type_hint="access_token"))  # noqa: S106  no password


@pytest.fixture
def known(nicepay: Nicepay) -> Services:
    """A merchant who knows NICEPAY."""
    return services(nicepay)


@pytest.fixture
def token(known: Services) -> str:
    """A token of noon."""
    return known.token_keys.issue(CLIENT_KEY, NOON)


def test_a_live_token_says_whose_it_is_and_until_when(known: Services, token: str) -> None:
    """The answer names the client, the second of the issue and the second from which on it is not active."""
    issued = int(NOON.timestamp())
    assert _ask(known, token) == {
        "active": True,
        "client_id": CLIENT_KEY,
        "token_type": "Bearer",
        "iat": issued,
        "exp": issued + 900,
    }


@pytest.mark.parametrize(("seconds", "active"), [(0, True), (899.5, True), (900, False)])
def test_a_token_is_active_until_it_expires(known: Services, token: str, seconds: float, *, active: bool) -> None:
    """From the second that `exp` names on, a token is not active."""
    then = NOON.replace(microsecond=0) + timedelta(seconds=seconds)
    assert (_ask(replace(known, now=Clock(then)), token) != INACTIVE) is active


@pytest.mark.parametrize("text", ["x", "tökens", "Bearer x", "gAAAAAB=", STRANGE])
def test_whatever_is_no_token_is_not_active(known: Services, text: str) -> None:
    """What is not ours is not active, and the answer does not say why."""
    assert _ask(known, text) == INACTIVE


def test_another_spelling_of_a_token_is_not_active(known: Services, token: str) -> None:
    """A token is active only as it was issued."""
    for text in (token + "=", token.rstrip("="), f"{token}\n", f"Bearer {token}"):
        assert _ask(known, text) == INACTIVE


def test_a_token_that_was_taken_back_is_not_active(known: Services, token: str) -> None:
    """Revoked by itself or with all of its client's, a token is not active."""
    fingerprint = known.token_keys.verify(token, NOON).fingerprint
    for subject in (f"token:{fingerprint}", f"client:{CLIENT_KEY}"):
        assert _ask(replace(known, revocations=loaded_revocations(revoked=subject)), token) == INACTIVE


def test_a_token_of_a_client_that_may_do_nothing_is_not_active(nicepay: Nicepay, known: Services, token: str) -> None:
    """The token of a suspended client, and of one that was removed, is not active."""
    suspended = replace(services(nicepay, suspended=True), token_keys=known.token_keys)
    assert _ask(suspended, token) == INACTIVE
    assert _ask(replace(known, revocations=loaded_revocations(suspended=CLIENT_KEY)), token) == INACTIVE
    assert _ask(without_clients(known, nicepay), token) == INACTIVE


def test_nobody_is_told_what_nobody_knows(known: Services, token: str) -> None:
    """While what has been taken back is not known, a token is called neither active nor not."""
    with pytest.raises(SnapError) as refusal:
        _ask(replace(known, revocations=unloaded_revocations()), token)
    assert refusal.value.code == EXTERNAL_SERVER_ERROR
