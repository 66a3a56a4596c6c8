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


def _decide(merchant: Services, call: Signed, body: bytes | None = BODY, **changed: str | None) -> object:
    headers: Any = call.headers | changed
    if body is None:
        return asyncio.run(authorize_call_without_body(merchant, **headers))
    return asyncio.run(authorize_call(merchant, body=body, **headers))


def _refusal(merchant: Services, call: Signed, body: bytes | None = BODY, **changed: str | None) -> SnapError:
    with pytest.raises(SnapError) as refusal:
        _decide(merchant, call, body, **changed)
    return refusal.value


@pytest.fixture
def merchant(nicepay: Nicepay) -> Services:
    """A merchant whose client signs asymmetrically."""
    return services(nicepay)


@pytest.fixture
def call(merchant: Services, nicepay: Nicepay) -> Signed:
    """A genuine call that is signed now."""
    return asymmetric(nicepay, merchant.token_keys.issue(CLIENT_KEY, NOON), NOON)


def test_a_genuine_call_names_its_client(merchant: Services, call: Signed) -> None:
    """The response headers name the client and the X-EXTERNAL-ID, and there is no body."""
    assert _decide(merchant, call) == GENUINE


def test_nginx_learns_where_to_send_a_genuine_call(merchant: Services, call: Signed) -> None:
    """With `accel_redirect`, the answer to a genuine call has the location. A refusal does not."""
    redirecting = replace(merchant, accel_redirect="@merchant")
    assert _decide(redirecting, call) == (None, GENUINE[1] | {"X-Accel-Redirect": "@merchant"})
    assert not _refusal(redirecting, call).headers


@pytest.mark.parametrize("body", [BODY, b"", b"\xff", None])
def test_an_asymmetric_signature_does_not_cover_the_body(merchant: Services, call: Signed, body: bytes | None) -> None:
    """NICO's call is genuine with any body, and without one."""
    assert _decide(merchant, call, body) == GENUINE


@pytest.mark.parametrize("channel_id", [None, "95221"])
def test_channel_id_is_ignored(merchant: Services, call: Signed, channel_id: str | None) -> None:
    """CHANNEL-ID is accepted and ignored."""
    assert _decide(merchant, call, channel_id=channel_id) == GENUINE


def test_a_symmetric_call_is_genuine_in_either_form_of_its_body(nicepay: Nicepay) -> None:
    """The client may sign the body as sent, or without its insignificant whitespace."""
    for signed in (BODY, b'{"payNo":"1 2","amount":10.00}'):
        merchant = services(nicepay, client_secret=SECRET)
        assert _decide(merchant, symmetric(merchant.token_keys.issue(CLIENT_KEY, NOON), NOON, signed)) == GENUINE


def test_a_symmetric_call_without_a_body_is_genuine(nicepay: Nicepay) -> None:
    """A GET needs no body. A POST may have an empty body, if the proxy forwards bodies."""
    merchant = services(nicepay, client_secret=SECRET)
    token = merchant.token_keys.issue(CLIENT_KEY, NOON)
    assert _decide(merchant, symmetric(token, NOON, b"", "GET"), None) == GENUINE
    post = replace(symmetric(token, NOON, b""), external_id="ordNo2")
    assert _decide(merchant, post, b"")


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
def test_a_body_that_was_not_forwarded_has_its_own_reason(
    nicepay: Nicepay, method: str, signed: bytes, came: bytes | None, reason: str
) -> None:
    """The caller sees a wrong signature. The log says that the body was not forwarded."""
    merchant = services(nicepay, client_secret=SECRET)
    call = symmetric(merchant.token_keys.issue(CLIENT_KEY, NOON), NOON, signed, method)
    refusal = _refusal(merchant, call, came)
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
    merchant: Services, call: Signed, authorization: str | None, code: ResponseCode, reason: str
) -> None:
    """A missing token and a wrong token have different answers. The reason says more than the answer."""
    refusal = _refusal(merchant, call, authorization=authorization)
    assert (refusal.code, refusal.reason) == (code, reason)


def test_the_scheme_may_be_in_any_case(merchant: Services, call: Signed) -> None:
    """`bearer` is accepted like `Bearer`."""
    assert _decide(merchant, call, authorization=f"bearer {call.token}") == GENUINE


def test_an_expired_token_is_refused(merchant: Services, nicepay: Nicepay) -> None:
    """A token expires 15 minutes after its issue, even if the call is new."""
    call = asymmetric(nicepay, merchant.token_keys.issue(CLIENT_KEY, NOON - timedelta(seconds=900)), NOON)
    refusal = _refusal(merchant, call)
    assert (refusal.code, refusal.reason) == (codes.INVALID_TOKEN, "token.expired")


def test_a_revoked_token_is_refused(merchant: Services, call: Signed) -> None:
    """A token that was revoked, alone or with all tokens of its client, gets 401 01."""
    fingerprint = merchant.token_keys.verify(call.token, NOON).fingerprint
    for subject in (f"token:{fingerprint}", f"client:{CLIENT_KEY}"):
        refusal = _refusal(replace(merchant, revocations=loaded_revocations(revoked=subject)), call)
        assert (refusal.code, refusal.reason) == (codes.INVALID_TOKEN, "token.revoked")


def test_calls_are_refused_while_revocations_are_not_known(merchant: Services, call: Signed) -> None:
    """The answer is 500 02 with Retry-After, so the caller can try again."""
    refusal = _refusal(replace(merchant, revocations=unloaded_revocations()), call)
    assert (refusal.code, refusal.reason) == (codes.EXTERNAL_SERVER_ERROR, "state.down")
    assert refusal.headers == {"Retry-After": "1"}


def test_a_call_without_the_state_store_is_counted_once(merchant: Services, call: Signed) -> None:
    """A call uses the state store twice, but counts as one unchecked decision."""
    engine, outage_policy = BreakableState(), OutagePolicy("continue")
    engine.up = False
    state = GuardedState(engine, outage_policy)
    revocations = RevocationCache(state, outage_policy, Clock())
    with capture_logs() as log:
        assert (
            _decide(replace(merchant, state=state, revocations=revocations, outage_policy=outage_policy), call)
            == GENUINE
        )
        outage_policy.unchecked.close()
    assert [line["unchecked"] for line in log if "unchecked" in line] == [1]


def test_the_state_store_suspends_a_client(merchant: Services, call: Signed) -> None:
    """A suspension in the state store acts like one in the settings."""
    refusal = _refusal(replace(merchant, revocations=loaded_revocations(suspended=CLIENT_KEY)), call)
    assert (refusal.code, refusal.field) == (codes.UNAUTHORIZED, "X-PARTNER-ID")
    assert refusal.reason == "client.suspended"


def test_a_suspended_or_removed_client_makes_no_calls(nicepay: Nicepay, merchant: Services, call: Signed) -> None:
    """A token of a client that was suspended or removed is refused, although it has not expired."""
    suspended = replace(services(nicepay, suspended=True), token_keys=merchant.token_keys)
    reasons = []
    for later in (suspended, without_clients(merchant, nicepay)):
        refusal = _refusal(later, call)
        assert (refusal.code, refusal.message) == (codes.UNAUTHORIZED, "Unauthorized. X-PARTNER-ID")
        reasons.append(refusal.reason)
    assert reasons == ["client.suspended", "client.unknown"]


@pytest.mark.parametrize("partner_id", [CLIENT_KEY, "OTHER", "partner"])
def test_a_token_needs_the_partner_id_of_its_client(merchant: Services, call: Signed, partner_id: str) -> None:
    """A token is valid only with the X-PARTNER-ID of its client."""
    refusal = _refusal(merchant, call, x_partner_id=partner_id)
    assert (refusal.message, refusal.reason) == ("Unauthorized. X-PARTNER-ID", "partner.mismatch")


@pytest.mark.parametrize(("seconds", "reason"), [(-301, "clock.behind"), (301, "clock.ahead")])
def test_a_call_outside_the_window_is_refused(merchant: Services, nicepay: Nicepay, seconds: int, reason: str) -> None:
    """The client's own tolerance counts, even if another client has a larger one."""
    call = asymmetric(nicepay, merchant.token_keys.issue(CLIENT_KEY, NOON), NOON + timedelta(seconds=seconds))
    refusal = _refusal(merchant, call)
    assert (refusal.message, refusal.reason) == ("Unauthorized. X-TIMESTAMP", reason)


def test_a_forged_call_is_refused(merchant: Services, call: Signed, stranger: Nicepay) -> None:
    """A signature by another key, or over the partner id, gets 401 00."""
    for signature in (stranger.signature(call.timestamp), stranger.signature(call.timestamp, PARTNER)):
        refusal = _refusal(merchant, call, x_signature=signature)
        assert (refusal.message, refusal.reason) == ("Unauthorized. X-SIGNATURE", "signature.mismatch")


def test_a_repeated_call_is_a_conflict(merchant: Services, call: Signed, nicepay: Nicepay) -> None:
    """An X-EXTERNAL-ID is accepted once, whether the second call is a copy or a new call."""
    assert _decide(merchant, call) == GENUINE
    later = asymmetric(nicepay, call.token, NOON + timedelta(seconds=1))
    for again in (call, later):
        refusal = _refusal(merchant, again)
        assert (refusal.code, refusal.reason) == (codes.CONFLICT, "call.repeated")
    assert _decide(merchant, replace(later, external_id="ordNo2"))


def test_an_external_id_is_new_on_the_next_day_in_jakarta(nicepay: Nicepay) -> None:
    """Calls just before and after midnight in Jakarta belong to different days."""
    merchant = services(nicepay)
    midnight = NOON.replace(hour=17, minute=0, second=0, microsecond=0)
    token = merchant.token_keys.issue(CLIENT_KEY, midnight)
    before, after = (asymmetric(nicepay, token, midnight + timedelta(seconds=each)) for each in (-1, 0))
    then, later = (replace(merchant, now=Clock(midnight + timedelta(seconds=each))) for each in (-1, 299))
    for call in (before, after):
        assert _decide(then, call) == GENUINE
        assert _refusal(later, call).reason == "call.repeated"


def test_another_client_may_use_the_same_external_id(merchant: Services, call: Signed, nicepay: Nicepay) -> None:
    """Two clients may use the same X-EXTERNAL-ID."""
    assert _decide(merchant, call) == GENUINE
    other = Nicepay("OTHER", nicepay.private_key)
    theirs = replace(asymmetric(other, merchant.token_keys.issue("OTHER", NOON), NOON), partner_id="OTHER")
    assert _decide(merchant, theirs)


def test_a_refused_call_uses_up_no_external_id(merchant: Services, call: Signed, stranger: Nicepay) -> None:
    """A forged call does not block a genuine call with the same X-EXTERNAL-ID."""
    _refusal(merchant, call, x_signature=stranger.signature(call.timestamp))
    assert _decide(merchant, call) == GENUINE


STALE = jakarta(NOON - timedelta(seconds=301))
WRONG = {
    "authorization": "Bearer bm90IG91cnM=",
    "x_partner_id": "ANOTHER",
    "x_timestamp": STALE,
    "x_signature": "bm90IHNpZ25lZA==",
}
REASONS = ["token.tampered", "partner.mismatch", "clock.behind", "signature.mismatch", "call.repeated"]


@pytest.mark.parametrize("right", range(5))
def test_the_first_check_that_fails_decides(merchant: Services, call: Signed, right: int) -> None:
    """Of token, partner, clock, signature and X-EXTERNAL-ID, the first failure decides the refusal."""
    _decide(merchant, call)
    wrong = dict(list(WRONG.items())[right:])
    assert _refusal(merchant, call, BODY, **wrong).reason == REASONS[right]


@pytest.mark.parametrize("form", ["asymmetric", "symmetric"])
@pytest.mark.parametrize(("uri", "method", "allowed"), [(URI, "PUT", "POST, GET"), (PAYMENT_URI, "GET", "POST")])
def test_a_service_accepts_only_its_methods(nicepay: Nicepay, form: str, uri: str, method: str, allowed: str) -> None:
    """Another method is refused before the token is checked, for both forms of signature."""
    merchant = services(nicepay, client_secret=SECRET if form == "symmetric" else None)
    token = merchant.token_keys.issue(CLIENT_KEY, NOON)
    call = symmetric(token, NOON, BODY, method) if form == "symmetric" else asymmetric(nicepay, token, NOON)
    refusal = _refusal(merchant, call, x_original_method=method, x_original_uri=uri, authorization=None)
    assert (refusal.code, refusal.reason) == (codes.NOT_SUPPORTED, "method.not_supported")
    assert refusal.headers == {"Allow": allowed}


@pytest.mark.parametrize("uri", [URI.upper(), f"/{URI}", URI.replace("?", "/?"), URI.replace("-", "%2D")])
def test_another_spelling_of_a_path_is_another_path(merchant: Services, call: Signed, uri: str) -> None:
    """Paths are compared as they were sent. Otherwise the proxy's rule and this one could be rules of two services."""
    refusal = _refusal(merchant, call, x_original_uri=uri)
    assert (refusal.code, refusal.reason) == (codes.NOT_FOUND, "path.unmapped")


def test_a_proxy_without_a_location_gets_an_error(merchant: Services, call: Signed) -> None:
    """A proxy that expects X-Accel-Redirect gets 500 00 without it, and no X-EXTERNAL-ID is used up."""
    refusal = _refusal(merchant, call, x_original_delivery="accel-redirect")
    assert (refusal.code, refusal.reason) == (codes.GENERAL_ERROR, "accel_redirect.unset")
    assert "[internal] accel_redirect" in refusal.log_fields["advice"]
    redirecting = replace(merchant, accel_redirect="@merchant")
    assert _decide(redirecting, call, x_original_delivery="accel-redirect")
