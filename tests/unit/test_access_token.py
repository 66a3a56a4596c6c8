"""The decision on a token request, step by step."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.access_token import issue_access_token
from handlers.config.settings import Settings
from handlers.introspection import require_valid_token
from handlers.services import Services
from handlers.snap.clients import Clients
from handlers.snap.codes import CONFLICT, EXTERNAL_SERVER_ERROR, UNAUTHORIZED, SnapError
from handlers.snap.token import fingerprint
from handlers.state.memory import MemoryState
from tests.calls import loaded_revocations, unloaded_revocations
from tests.merchant import NOON, Clock, services_of
from tests.nicepay import Nicepay, jakarta


@pytest.fixture
def services(settings_file: Path) -> Services:
    """A merchant that knows NICEPAY, at noon, with an empty state store."""
    return replace(
        services_of(Settings.load(settings_file), Clock()), state=MemoryState(), revocations=loaded_revocations()
    )


def _answer(services: Services, timestamp: str, client_key: str, signature: str) -> Mapping[str, object]:
    return asyncio.run(
        issue_access_token(services, x_timestamp=timestamp, x_client_key=client_key, x_signature=signature)
    )


def _ask(services: Services, timestamp: str, client_key: str, signature: str) -> str:
    return str(_answer(services, timestamp, client_key, signature)["accessToken"])


def _at(services: Services, seconds: float) -> Services:
    """The same services, `seconds` after noon."""
    return replace(services, now=Clock(NOON + timedelta(seconds=seconds)))


def test_the_token_belongs_to_the_client(services: Services, nicepay: Nicepay) -> None:
    """The token has the client key of the caller, and the server's time as time of issue."""
    timestamp = jakarta(NOON - timedelta(seconds=200))
    token = _ask(services, timestamp, nicepay.client_key, nicepay.signature(timestamp))
    opened = services.token_keys.verify(token, NOON)
    assert (opened.client_key, opened.issued_at) == ("IONPAYTEST", NOON.replace(microsecond=0))


@pytest.mark.parametrize(
    ("seconds", "client_key", "signed", "reason"),
    [
        (-301, "NOBODY", False, "clock.behind"),
        (301, "IONPAYTEST", True, "clock.ahead"),
        (0, "NOBODY", False, "client.unknown"),
        (0, "IONPAYTEST", False, "signature.mismatch"),
    ],
)
def test_the_first_check_that_fails_decides(  # noqa: PLR0913  the columns of a table
    services: Services, nicepay: Nicepay, seconds: int, client_key: str, reason: str, *, signed: bool
) -> None:
    """Of window, client and signature, the first check that fails decides the refusal."""
    timestamp = jakarta(NOON + timedelta(seconds=seconds))
    signature = nicepay.signature(timestamp) if signed else nicepay.signature("another")
    with pytest.raises(SnapError) as refusal:
        _ask(services, timestamp, client_key, signature)
    assert refusal.value.reason == reason


def test_all_tokens_of_one_request_expire_together(services: Services, nicepay: Nicepay) -> None:
    """Every repeat gets a token that expires in the same second, and the remaining seconds."""
    timestamp = jakarta(NOON)
    request = timestamp, nicepay.client_key, nicepay.signature(timestamp)
    answers = [(seconds, _answer(_at(services, seconds), *request)) for seconds in (0, 0.5, 0.75, 10, 299.5)]
    issued = {services.token_keys.verify(str(answer["accessToken"]), NOON).issued_at for _, answer in answers}
    assert issued == {NOON.replace(microsecond=0)}
    assert [answer["expiresIn"] for _, answer in answers] == ["900", "900", "899", "890", "601"]


def test_the_first_answer_promises_the_whole_lifetime(services: Services, nicepay: Nicepay) -> None:
    """The first token lives 900 seconds, even if it is issued in the middle of a second."""
    for seconds in (0, 0.7, 1.749999):
        timestamp = jakarta(NOON + timedelta(seconds=seconds, minutes=-1))
        answer = _answer(
            _at(replace(services, state=MemoryState()), seconds), timestamp, "IONPAYTEST", nicepay.signature(timestamp)
        )
        assert answer["expiresIn"] == "900"


def test_another_signed_request_has_its_own_lifetime(services: Services, nicepay: Nicepay) -> None:
    """A request that is signed a second later gets a token with its own lifetime."""
    for seconds in (0, 1):
        timestamp = jakarta(NOON + timedelta(seconds=seconds))
        token = _ask(_at(services, seconds), timestamp, nicepay.client_key, nicepay.signature(timestamp))
        assert services.token_keys.verify(token, NOON).issued_at == NOON.replace(microsecond=0, second=1 + seconds)


def test_tokens_of_simultaneous_copies_expire_together(services: Services, nicepay: Nicepay) -> None:
    """Of many simultaneous copies, all get tokens that expire together."""
    timestamp = jakarta(NOON)
    signature = nicepay.signature(timestamp)

    async def copies() -> list[Mapping[str, object]]:
        now = [_at(services, seconds) for seconds in range(20)]
        return await asyncio.gather(
            *(
                issue_access_token(each, x_timestamp=timestamp, x_client_key="IONPAYTEST", x_signature=signature)
                for each in now
            )
        )

    tokens = [str(answer["accessToken"]) for answer in asyncio.run(copies())]
    assert len({services.token_keys.verify(token, NOON).issued_at for token in tokens}) == 1
    assert len(set(tokens)) == 20


def test_repeats_are_refused_if_the_settings_say_so(services: Services, nicepay: Nicepay) -> None:
    """With `refuse`, the first request gets a token, and a repeat gets Conflict."""
    timestamp = jakarta(NOON)
    strict = replace(services, repeat="refuse")
    request = timestamp, nicepay.client_key, nicepay.signature(timestamp)
    assert _ask(strict, *request)
    with pytest.raises(SnapError) as refusal:
        _ask(strict, *request)
    assert (refusal.value.code, refusal.value.reason) == (CONFLICT, "request.repeated")


def test_a_refused_request_is_not_recorded(services: Services, nicepay: Nicepay, stranger: Nicepay) -> None:
    """A forged request leaves no record in the state store, so the genuine request is no repeat."""
    timestamp = jakarta(NOON)
    strict = replace(services, repeat="refuse")
    for _ in range(2):
        with pytest.raises(SnapError) as refusal:
            _ask(strict, timestamp, nicepay.client_key, stranger.signature(timestamp))
        assert refusal.value.reason == "signature.mismatch"


def test_a_suspended_client_gets_no_token(services: Services, nicepay: Nicepay) -> None:
    """Settings can suspend a client. The caller sees the same as for a wrong signature."""
    client = replace(services.clients.find(nicepay.client_key), suspended=True, padding=())
    key = nicepay.private_key.public_key()
    timestamp = jakarta(NOON)
    with pytest.raises(SnapError) as refusal:
        _ask(
            replace(services, clients=Clients([client], lambda _bits: key)),
            timestamp,
            "IONPAYTEST",
            nicepay.signature(timestamp),
        )
    assert (refusal.value.reason, refusal.value.field) == ("client.suspended", "X-CLIENT-KEY or X-SIGNATURE")


@pytest.mark.parametrize("signed", [True, False])
def test_the_state_store_suspends_a_client(services: Services, nicepay: Nicepay, *, signed: bool) -> None:
    """A suspension in the state store acts like one in the settings. Other clients still get tokens."""
    timestamp = jakarta(NOON)
    request = timestamp, nicepay.client_key, nicepay.signature(timestamp if signed else "another")
    with pytest.raises(SnapError) as refusal:
        _ask(replace(services, revocations=loaded_revocations(suspended="IONPAYTEST")), *request)
    assert refusal.value.reason == ("client.suspended" if signed else "signature.mismatch")
    assert (refusal.value.code, refusal.value.field) == (UNAUTHORIZED, "X-CLIENT-KEY or X-SIGNATURE")
    if signed:
        assert _ask(replace(services, revocations=loaded_revocations(suspended="OTHER")), *request)


def test_nobody_gets_a_token_while_suspensions_are_not_known(
    services: Services, nicepay: Nicepay, stranger: Nicepay
) -> None:
    """A genuine request gets 500 02 then. A forged request still gets 401 00."""
    timestamp, unread = jakarta(NOON), replace(services, revocations=unloaded_revocations())
    for who, reason in ((nicepay, "state.down"), (stranger, "signature.mismatch")):
        with pytest.raises(SnapError) as refusal:
            _ask(unread, timestamp, "IONPAYTEST", who.signature(timestamp))
        assert refusal.value.reason == reason
        assert (refusal.value.code == EXTERNAL_SERVER_ERROR) is (who is nicepay)


@pytest.mark.parametrize(("first", "again"), [(-10, 0), (-0.25, 0.5), (0, 0.5), (0.5, 60)])
def test_a_repeat_from_before_a_revocation_is_refused(
    services: Services, nicepay: Nicepay, first: float, again: float
) -> None:
    """Its token would be revoked already, so the refusal asks for a new timestamp."""
    timestamp = jakarta(NOON)
    request = timestamp, nicepay.client_key, nicepay.signature(timestamp)
    assert _ask(_at(services, first), *request)
    revoked = replace(_at(services, again), revocations=loaded_revocations(revoked="client:IONPAYTEST"))
    with pytest.raises(SnapError) as refusal:
        _ask(revoked, *request)
    assert (refusal.value.code, refusal.value.field) == (UNAUTHORIZED, "X-TIMESTAMP")
    assert refusal.value.reason == "request.revoked"


@pytest.mark.parametrize(("seconds", "served"), [(0, False), (0.749, False), (0.75, True), (60, True)])
def test_no_token_is_revoked_when_it_is_issued(
    services: Services, nicepay: Nicepay, seconds: float, *, served: bool
) -> None:
    """A new request is refused in the second of the revocation. After it, its token is valid."""
    revoked = replace(_at(services, seconds), revocations=loaded_revocations(revoked="client:IONPAYTEST"))
    timestamp = jakarta(NOON + timedelta(seconds=seconds))
    request = timestamp, nicepay.client_key, nicepay.signature(timestamp)
    if not served:
        with pytest.raises(SnapError) as refusal:
            _ask(revoked, *request)
        assert refusal.value.reason == "request.revoked"
        return
    assert require_valid_token(revoked, _ask(revoked, *request), revoked.now()).client_key == "IONPAYTEST"


def test_the_revocation_of_another_client_refuses_nothing(services: Services, nicepay: Nicepay) -> None:
    """A revocation of one client does not affect another client."""
    timestamp = jakarta(NOON)
    revoked = replace(services, revocations=loaded_revocations(revoked="client:OTHER"))
    assert _ask(revoked, timestamp, nicepay.client_key, nicepay.signature(timestamp))


def test_a_repeat_after_its_token_was_revoked_gets_a_valid_token(services: Services, nicepay: Nicepay) -> None:
    """A revocation of one token covers that token alone, so the token of a repeat is valid."""
    timestamp = jakarta(NOON)
    request = timestamp, nicepay.client_key, nicepay.signature(timestamp)
    first = _ask(services, *request)
    revoked = replace(services, revocations=loaded_revocations(revoked=f"token:{fingerprint(first)}"))
    with pytest.raises(SnapError):
        require_valid_token(revoked, first, NOON)
    assert require_valid_token(revoked, _ask(revoked, *request), NOON).issued_at == NOON.replace(microsecond=0)
