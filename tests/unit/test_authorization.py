"""The decision on a call, step by step."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.authorization import authorize_call, authorize_call_without_body
from handlers.services import Services
from handlers.snap import codes
from handlers.snap.codes import ResponseCode, SnapError
from handlers.state.outage import GuardedState, OutagePolicy
from handlers.state.revocation_cache import RevocationCache
from tests.calls import (
    BODY,
    PARTNER,
    PAYMENT_URI,
    SECRET,
    URI,
    Signed,
    asymmetric,
    loaded_revocations,
    services,
    symmetric,
    unloaded_revocations,
    without_clients,
)
from tests.engines import BreakableState
from tests.merchant import NOON, Clock
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

GENUINE = (None, {"X-Client-Key": CLIENT_KEY, "X-External-Id": "ordNo1"})


def _decide(known: Services, call: Signed, body: bytes | None = BODY, **changed: str | None) -> object:
    headers: Any = call.headers | changed
    if body is None:
        return asyncio.run(authorize_call_without_body(known, **headers))
    return asyncio.run(authorize_call(known, body=body, **headers))


def _refusal(known: Services, call: Signed, body: bytes | None = BODY, **changed: str | None) -> SnapError:
    with pytest.raises(SnapError) as refusal:
        _decide(known, call, body, **changed)
    return refusal.value


@pytest.fixture
def known(nicepay: Nicepay) -> Services:
    """A merchant whose client signs asymmetrically."""
    return services(nicepay)


@pytest.fixture
def call(known: Services, nicepay: Nicepay) -> Signed:
    """A genuine call of now."""
    return asymmetric(nicepay, known.token_keys.issue(CLIENT_KEY, NOON), NOON)


def test_a_genuine_call_is_told_whose_it_is(known: Services, call: Signed) -> None:
    """Headers of the answer name the client and the external id, and it has no body."""
    assert _decide(known, call) == GENUINE


def test_nginx_is_told_where_to_send_a_genuine_call(known: Services, call: Signed) -> None:
    """With the setting, the answer carries the location that the call goes on to, and a refusal does not."""
    redirecting = replace(known, accel_redirect="@merchant")
    assert _decide(redirecting, call) == (None, GENUINE[1] | {"X-Accel-Redirect": "@merchant"})
    assert not _refusal(redirecting, call).headers


@pytest.mark.parametrize("body", [BODY, b"", b"\xff", None])
def test_an_asymmetric_signature_does_not_cover_the_body(known: Services, call: Signed, body: bytes | None) -> None:
    """NICO's call is genuine with whatever body, and without."""
    assert _decide(known, call, body) == GENUINE


@pytest.mark.parametrize("channel_id", [None, "95221"])
def test_a_channel_is_of_no_account(known: Services, call: Signed, channel_id: str | None) -> None:
    """CHANNEL-ID is taken and decides nothing."""
    assert _decide(known, call, channel_id=channel_id) == GENUINE


def test_a_symmetric_call_is_genuine_in_either_form_of_its_body(nicepay: Nicepay) -> None:
    """The body may be signed as it is sent, or without its insignificant whitespace."""
    for signed in (BODY, b'{"payNo":"1 2","amount":10.00}'):
        known = services(nicepay, client_secret=SECRET)
        assert _decide(known, symmetric(known.token_keys.issue(CLIENT_KEY, NOON), NOON, signed)) == GENUINE


def test_a_symmetric_call_without_a_body_is_genuine(nicepay: Nicepay) -> None:
    """A GET needs no body; a POST may have an empty one if it is there to be seen."""
    known = services(nicepay, client_secret=SECRET)
    token = known.token_keys.issue(CLIENT_KEY, NOON)
    assert _decide(known, symmetric(token, NOON, b"", "GET"), None) == GENUINE
    post = replace(symmetric(token, NOON, b""), external_id="ordNo2")
    assert _decide(known, post, b"")


@pytest.mark.parametrize(
    ("method", "signed", "came", "reason"),
    [
        ("POST", BODY, None, "call.body_not_forwarded"),
        ("POST", BODY, b"", "call.body_not_forwarded"),
        ("POST", b"", None, "call.body_not_forwarded"),
        ("POST", BODY, b"{}", "signature.mismatch"),
        ("GET", BODY, None, "signature.mismatch"),
    ],
)
def test_a_body_that_was_left_behind_is_told_to_the_log(
    nicepay: Nicepay, method: str, signed: bytes, came: bytes | None, reason: str
) -> None:
    """A symmetric call whose body did not come along is a wrong signature to the caller, and has its own reason."""
    known = services(nicepay, client_secret=SECRET)
    call = symmetric(known.token_keys.issue(CLIENT_KEY, NOON), NOON, signed, method)
    refusal = _refusal(known, call, came)
    assert (refusal.code, refusal.field, refusal.reason) == (codes.UNAUTHORIZED, "X-SIGNATURE", reason)


@pytest.mark.parametrize(
    ("authorization", "code", "reason"),
    [
        (None, codes.TOKEN_NOT_FOUND, "token.absent"),
        ("", codes.TOKEN_NOT_FOUND, "token.absent"),
        ("Basic YTpi", codes.INVALID_TOKEN, "authorization.malformed"),
        ("Bearer", codes.INVALID_TOKEN, "authorization.malformed"),
        ("Bearer bm90IG91cnM=", codes.INVALID_TOKEN, "token.tampered"),
    ],
)
def test_a_call_needs_a_token(
    known: Services, call: Signed, authorization: str | None, code: ResponseCode, reason: str
) -> None:
    """No token and one that is none of ours are told apart; the reason says more than the answer."""
    refusal = _refusal(known, call, authorization=authorization)
    assert (refusal.code, refusal.reason) == (code, reason)


def test_the_scheme_may_be_in_any_case(known: Services, call: Signed) -> None:
    """`bearer` is as good as `Bearer`."""
    assert _decide(known, call, authorization=f"bearer {call.token}") == GENUINE


def test_an_old_token_opens_nothing(known: Services, nicepay: Nicepay) -> None:
    """Fifteen minutes after its issue a token is expired, however fresh the call."""
    call = asymmetric(nicepay, known.token_keys.issue(CLIENT_KEY, NOON - timedelta(seconds=900)), NOON)
    refusal = _refusal(known, call)
    assert (refusal.code, refusal.reason) == (codes.INVALID_TOKEN, "token.expired")


def test_a_revoked_token_opens_nothing(known: Services, call: Signed) -> None:
    """A token that was taken back, by itself or with all of its client's, is refused like any other bad token."""
    fingerprint = known.token_keys.verify(call.token, NOON).fingerprint
    for subject in (f"token:{fingerprint}", f"client:{CLIENT_KEY}"):
        refusal = _refusal(replace(known, revocations=loaded_revocations(revoked=subject)), call)
        assert (refusal.code, refusal.reason) == (codes.INVALID_TOKEN, "token.revoked")


def test_calls_are_not_judged_by_what_is_too_old(known: Services, call: Signed) -> None:
    """While nobody knows what has been taken back, the state is what is missing, and the caller may come again."""
    refusal = _refusal(replace(known, revocations=unloaded_revocations()), call)
    assert (refusal.code, refusal.reason) == (codes.EXTERNAL_SERVER_ERROR, "state.down")
    assert refusal.headers == {"Retry-After": "1"}


def test_a_call_that_goes_on_without_the_state_is_counted_once(known: Services, call: Signed) -> None:
    """A call asks the state twice, what is revoked and whether it was there before, and is one decision."""
    engine, outage_policy = BreakableState(), OutagePolicy("continue")
    engine.up = False
    state = GuardedState(engine, outage_policy)
    revocations = RevocationCache(state, outage_policy, Clock())
    with capture_logs() as log:
        assert (
            _decide(replace(known, state=state, revocations=revocations, outage_policy=outage_policy), call) == GENUINE
        )
        outage_policy.unchecked.close()
    assert [line["unchecked"] for line in log if "unchecked" in line] == [1]


def test_the_state_suspends_a_client(known: Services, call: Signed) -> None:
    """A call of a client that the state suspends is refused like one of a client that the settings suspend."""
    refusal = _refusal(replace(known, revocations=loaded_revocations(suspended=CLIENT_KEY)), call)
    assert (refusal.code, refusal.field) == (codes.UNAUTHORIZED, "X-PARTNER-ID")
    assert refusal.reason == "client.suspended"


def test_a_suspended_or_forgotten_client_makes_no_calls(nicepay: Nicepay, known: Services, call: Signed) -> None:
    """A token outlives its client's suspension or removal, and opens nothing any more."""
    suspended = replace(services(nicepay, suspended=True), token_keys=known.token_keys)
    reasons = []
    for later in (suspended, without_clients(known, nicepay)):
        refusal = _refusal(later, call)
        assert (refusal.code, refusal.message) == (codes.UNAUTHORIZED, "Unauthorized. X-PARTNER-ID")
        reasons.append(refusal.reason)
    assert reasons == ["client.suspended", "client.unknown"]


@pytest.mark.parametrize("partner_id", [CLIENT_KEY, "OTHER", "partner"])
def test_a_token_is_its_partner_s(known: Services, call: Signed, partner_id: str) -> None:
    """A token is good with its own client's partner id only."""
    refusal = _refusal(known, call, x_partner_id=partner_id)
    assert (refusal.message, refusal.reason) == ("Unauthorized. X-PARTNER-ID", "partner.mismatch")


@pytest.mark.parametrize(("seconds", "reason"), [(-301, "clock.behind"), (301, "clock.ahead")])
def test_a_call_is_of_now(known: Services, nicepay: Nicepay, seconds: int, reason: str) -> None:
    """A call outside the client's own window is refused, though another client's is wider."""
    call = asymmetric(nicepay, known.token_keys.issue(CLIENT_KEY, NOON), NOON + timedelta(seconds=seconds))
    refusal = _refusal(known, call)
    assert (refusal.message, refusal.reason) == ("Unauthorized. X-TIMESTAMP", reason)


def test_a_forged_call_is_refused(known: Services, call: Signed, stranger: Nicepay) -> None:
    """A signature of somebody else, or over the partner id, is none."""
    for signature in (stranger.signature(call.timestamp), stranger.signature(call.timestamp, PARTNER)):
        refusal = _refusal(known, call, x_signature=signature)
        assert (refusal.message, refusal.reason) == ("Unauthorized. X-SIGNATURE", "signature.mismatch")


def test_a_repeated_call_is_a_conflict(known: Services, call: Signed, nicepay: Nicepay) -> None:
    """An external id serves once, be the second call the same or a new one."""
    assert _decide(known, call) == GENUINE
    later = asymmetric(nicepay, call.token, NOON + timedelta(seconds=1))
    for again in (call, later):
        refusal = _refusal(known, again)
        assert (refusal.code, refusal.reason) == (codes.CONFLICT, "call.repeated")
    assert _decide(known, replace(later, external_id="ordNo2"))


def test_an_external_id_serves_again_on_the_next_day_of_jakarta(nicepay: Nicepay) -> None:
    """Of two calls on either side of Jakarta's midnight, seconds apart, each has a day of its own."""
    known = services(nicepay)
    midnight = NOON.replace(hour=17, minute=0, second=0, microsecond=0)
    token = known.token_keys.issue(CLIENT_KEY, midnight)
    before, after = (asymmetric(nicepay, token, midnight + timedelta(seconds=each)) for each in (-1, 0))
    then, later = (replace(known, now=Clock(midnight + timedelta(seconds=each))) for each in (-1, 299))
    for call in (before, after):
        assert _decide(then, call) == GENUINE
        assert _refusal(later, call).reason == "call.repeated"


def test_another_client_may_use_the_same_external_id(known: Services, call: Signed, nicepay: Nicepay) -> None:
    """External ids are each client's own."""
    assert _decide(known, call) == GENUINE
    other = Nicepay("OTHER", nicepay.private_key)
    theirs = replace(asymmetric(other, known.token_keys.issue("OTHER", NOON), NOON), partner_id="OTHER")
    assert _decide(known, theirs)


def test_a_refused_call_uses_up_no_external_id(known: Services, call: Signed, stranger: Nicepay) -> None:
    """Whoever forges calls cannot keep genuine ones out."""
    _refusal(known, call, x_signature=stranger.signature(call.timestamp))
    assert _decide(known, call) == GENUINE


STALE = jakarta(NOON - timedelta(seconds=301))
WRONG = {
    "authorization": "Bearer bm90IG91cnM=",
    "x_partner_id": "ANOTHER",
    "x_timestamp": STALE,
    "x_signature": "bm90IHNpZ25lZA==",
}
REASONS = ["token.tampered", "partner.mismatch", "clock.behind", "signature.mismatch", "call.repeated"]


@pytest.mark.parametrize("right", range(5))
def test_the_first_check_that_fails_decides(known: Services, call: Signed, right: int) -> None:
    """Token, partner, clock, signature, external id: of a call that fails several, the first is told."""
    _decide(known, call)
    wrong = dict(list(WRONG.items())[right:])
    assert _refusal(known, call, BODY, **wrong).reason == REASONS[right]


@pytest.mark.parametrize("form", ["asymmetric", "symmetric"])
@pytest.mark.parametrize(("uri", "method", "allowed"), [(URI, "PUT", "POST, GET"), (PAYMENT_URI, "GET", "POST")])
def test_a_service_takes_its_own_methods(nicepay: Nicepay, form: str, uri: str, method: str, allowed: str) -> None:
    """A method that the service of the path does not name is refused before the token is looked at, in either form."""
    known = services(nicepay, client_secret=SECRET if form == "symmetric" else None)
    token = known.token_keys.issue(CLIENT_KEY, NOON)
    call = symmetric(token, NOON, BODY, method) if form == "symmetric" else asymmetric(nicepay, token, NOON)
    refusal = _refusal(known, call, x_original_method=method, x_original_uri=uri, authorization=None)
    assert (refusal.code, refusal.reason) == (codes.NOT_SUPPORTED, "method.not_supported")
    assert refusal.headers == {"Allow": allowed}


def test_a_proxy_that_cannot_deliver_is_told_so(known: Services, call: Signed) -> None:
    """Who expects X-Accel-Redirect gets a failure where there is none to give, and nothing is used up."""
    refusal = _refusal(known, call, x_original_delivery="accel-redirect")
    assert (refusal.code, refusal.reason) == (codes.GENERAL_ERROR, "accel_redirect.unset")
    assert "[internal] accel_redirect" in refusal.log_fields["advice"]
    redirecting = replace(known, accel_redirect="@merchant")
    assert _decide(redirecting, call, x_original_delivery="accel-redirect")
