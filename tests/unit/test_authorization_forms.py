"""The decision on calls of every form: each by its own whole rule, and none by a weaker one."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers import decision_notes
from handlers.authorization import authorize_call, authorize_call_without_body
from handlers.services import Services
from handlers.snap import codes
from handlers.snap.codes import SnapError
from handlers.snap.service import Service
from handlers.state.memory import MemoryState
from tests.calls import loaded_revocations, unloaded_revocations
from tests.forms import (
    BODY,
    EVERY_FORM,
    EVERY_URI,
    MINIFIED,
    MIXED_URI,
    NOTIFY_URI,
    SIGNED_URI,
    TOKEN_URI,
    Acquirer,
    Headers,
    services_of_forms,
)
from tests.merchant import NOON, Clock
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

EITHER = "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
EITHER_OF_PARTNER = "Unauthorized. X-PARTNER-ID or X-SIGNATURE"
_ARGUMENTS = ("authorization", "x_partner_id", "x_external_id", "x_client_key")


def _decide(known: Services, headers: Headers, body: bytes | None = BODY, **changed: Any) -> object:  # noqa: ANN401  header values
    given: Any = dict.fromkeys(_ARGUMENTS) | {name.lower().replace("-", "_"): value for name, value in headers.items()}
    given |= changed
    if body is None:
        return asyncio.run(authorize_call_without_body(known, **given))
    return asyncio.run(authorize_call(known, body=body, **given))


def _refusal(known: Services, headers: Headers, body: bytes | None = BODY, **changed: Any) -> SnapError:  # noqa: ANN401
    with pytest.raises(SnapError) as refusal:
        _decide(known, headers, body, **changed)
    return refusal.value


def _told(refusal: SnapError) -> tuple[str, str, str]:
    return refusal.code.response_code("xx"), refusal.message, refusal.reason


@pytest.fixture(scope="module")
def acquirer() -> Acquirer:
    """The client."""
    return Acquirer()


@pytest.fixture
def known(acquirer: Acquirer) -> Services:
    """A merchant with a service for each form, one for two forms, and one for all."""
    return services_of_forms(acquirer)


@pytest.fixture
def token(known: Services) -> str:
    """A token of the client."""
    return known.token_keys.issue(CLIENT_KEY, NOON)


NAMED = (None, {"X-Client-Key": CLIENT_KEY})
NUMBERED = (None, {"X-Client-Key": CLIENT_KEY, "X-External-Id": "1"})


@pytest.mark.parametrize("uri", [NOTIFY_URI, MIXED_URI, EVERY_URI, f"{NOTIFY_URI}?a=b"])
def test_a_notification_is_told_whose_it_is(known: Services, acquirer: Acquirer, uri: str) -> None:
    """The answer names the client and no external id, even if somebody has added one."""
    assert _decide(known, acquirer.notification(uri=uri)) == NAMED
    assert _decide(known, acquirer.notification(uri=uri), b"another", x_external_id="1") == NAMED


@pytest.mark.parametrize("uri", [SIGNED_URI, EVERY_URI, f"{SIGNED_URI}?a=b"])
@pytest.mark.parametrize("signed", [BODY, MINIFIED])
def test_a_call_signed_with_its_body_is_genuine(known: Services, acquirer: Acquirer, uri: str, signed: bytes) -> None:
    """The body may be signed as it is sent or minified, and the path is signed with its query."""
    assert _decide(known, acquirer.body_signed(signed, uri=uri)) == NUMBERED


@pytest.mark.parametrize("uri", [TOKEN_URI, MIXED_URI, EVERY_URI])
def test_a_call_with_a_token_is_genuine(known: Services, acquirer: Acquirer, token: str, uri: str) -> None:
    """A service that admits other forms too judges a call with a token as before."""
    assert _decide(known, acquirer.with_token(token, uri=uri)) == NUMBERED


@pytest.mark.parametrize("body", [None, b""])
def test_a_call_without_a_body_may_be_signed_too(known: Services, acquirer: Acquirer, body: bytes | None) -> None:
    """A GET has no body, so the hash of nothing is signed, and the proxy need not send one."""
    assert _decide(known, acquirer.body_signed(b"", method="GET"), body) == NUMBERED


@pytest.mark.parametrize("form", ["notification", "body_signed"])
def test_a_call_whose_body_stayed_behind_is_refused(known: Services, acquirer: Acquirer, form: str) -> None:
    """A proxy that asks without the body cannot have these forms: a copy could not be told, or nothing be verified."""
    headers = getattr(acquirer, form)()
    refused = ("401xx00", "Unauthorized. X-SIGNATURE", "call.body_not_forwarded")
    assert _told(_refusal(known, headers, None)) == refused
    assert _decide(known, headers)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"x_original_uri": EVERY_URI}, "signature.mismatch"),
        ({"x_original_uri": f"{SIGNED_URI}?a=b"}, "signature.mismatch"),
        ({"x_original_method": "GET"}, "signature.mismatch"),
        ({"x_timestamp": jakarta(NOON + timedelta(seconds=1))}, "signature.mismatch"),
        ({"x_partner_id": "OTHER"}, None),
        ({"x_partner_id": "NOBODY"}, "client.unknown"),
        ({"x_partner_id": CLIENT_KEY}, "client.unknown"),
    ],
)
def test_a_signature_with_the_body_covers_the_call(
    known: Services, acquirer: Acquirer, changed: dict[str, str], reason: str | None
) -> None:
    """Another method, path, query, time or body is another call. The clients of these tests share a key, so the
    partner id alone decides whose a call is.
    """
    headers = acquirer.body_signed()
    if reason is None:
        assert _decide(known, headers, BODY, **changed) == (None, {"X-Client-Key": "OTHER", "X-External-Id": "1"})
    else:
        assert _told(_refusal(known, headers, BODY, **changed)) == ("401xx00", EITHER_OF_PARTNER, reason)
    assert _refusal(known, headers, BODY + b"x").reason == "signature.mismatch"
    assert _decide(known, headers) == NUMBERED


def test_each_form_has_its_own_keys(known: Services, acquirer: Acquirer, token: str) -> None:
    """The transaction key verifies no notification, and the notification key verifies nothing else."""
    wrong = acquirer.notification(signer=acquirer.calls)
    assert _told(_refusal(known, wrong)) == ("401xx00", EITHER, "signature.mismatch")
    wrong = acquirer.body_signed(signer=acquirer.notifications)
    assert _told(_refusal(known, wrong)) == ("401xx00", EITHER_OF_PARTNER, "signature.mismatch")
    swapped = replace(acquirer, calls=acquirer.notifications)
    assert _refusal(known, swapped.with_token(token)).reason == "signature.mismatch"
    client = known.clients.find(CLIENT_KEY)
    with pytest.raises(SnapError):
        client.require_signature(CLIENT_KEY, jakarta(NOON), acquirer.notifications.signature(jakarta(NOON)))


def test_a_client_without_notification_keys_has_no_notifications(known: Services, acquirer: Acquirer) -> None:
    """It is refused like an unknown client, and the log says what is missing."""
    other = acquirer.notification() | {"X-CLIENT-KEY": "OTHER"}
    assert _told(_refusal(known, other)) == ("401xx00", EITHER, "client.without_notification_keys")


@pytest.mark.parametrize(
    ("form", "named", "message"),
    [("notification", "x_client_key", EITHER), ("body_signed", "x_partner_id", EITHER_OF_PARTNER)],
)
def test_an_unknown_client_is_refused_like_a_known_one(  # noqa: PLR0913, PLR0917  fixtures
    known: Services, acquirer: Acquirer, stranger: Nicepay, form: str, named: str, message: str
) -> None:
    """Unknown, suspended by settings or by state, forged: the answer is the same, and the reasons differ."""
    headers = getattr(acquirer, form)()
    forged = getattr(acquirer, form)(signer=stranger)
    suspended = services_of_forms(acquirer, suspended=True)
    by_state = replace(known, revocations=loaded_revocations(suspended=CLIENT_KEY))
    refusals = [
        _refusal(known, headers, BODY, **{named: "NOBODY"}),
        _refusal(suspended, headers),
        _refusal(by_state, headers),
        _refusal(known, forged),
        _refusal(suspended, forged),
    ]
    assert {(each.code, each.message, tuple(each.headers)) for each in refusals} == {(codes.UNAUTHORIZED, message, ())}
    reasons = ["client.unknown", "client.suspended", "client.suspended", "signature.mismatch", "signature.mismatch"]
    assert [each.reason for each in refusals] == reasons


@pytest.mark.parametrize("form", ["notification", "body_signed"])
def test_nobody_is_believed_while_suspensions_are_unknown(known: Services, acquirer: Acquirer, form: str) -> None:
    """A call without a token is refused with 500 02 while the instance cannot know who is suspended."""
    old = replace(known, revocations=unloaded_revocations())
    assert _told(_refusal(old, getattr(acquirer, form)())) == ("500xx02", "External Server Error", "state.down")


def test_revoked_tokens_do_not_touch_forms_without_a_token(known: Services, acquirer: Acquirer, token: str) -> None:
    """After all tokens of a client were revoked its notifications and its body-signed calls are still genuine."""
    revoked = replace(known, revocations=loaded_revocations(revoked=f"client:{CLIENT_KEY}"))
    assert _refusal(revoked, acquirer.with_token(token)).reason == "token.revoked"
    assert _decide(revoked, acquirer.notification()) == NAMED
    assert _decide(revoked, acquirer.body_signed()) == NUMBERED


@pytest.mark.parametrize("form", ["notification", "body_signed"])
@pytest.mark.parametrize(("seconds", "reason"), [(-301, "clock.behind"), (301, "clock.ahead")])
def test_a_call_is_of_now(known: Services, acquirer: Acquirer, form: str, seconds: int, reason: str) -> None:
    """Outside the client's own window a call is refused, and only the client itself learns it."""
    late = getattr(acquirer, form)(now=NOON + timedelta(seconds=seconds))
    assert _told(_refusal(known, late)) == ("401xx00", "Unauthorized. X-TIMESTAMP", reason)
    forged = late | {"X-SIGNATURE": "AAAA"}
    assert _refusal(known, forged).reason == "signature.mismatch"
    far = getattr(acquirer, form)(now=NOON + timedelta(seconds=seconds + (100 if seconds > 0 else -100)))
    assert _told(_refusal(known, far | {"X-SIGNATURE": "AAAA"})) == ("401xx00", "Unauthorized. X-TIMESTAMP", reason)


def test_a_copy_of_a_notification_is_a_repeat(known: Services, acquirer: Acquirer) -> None:
    """Of one second, two notifications with different bodies pass, and a copy does not, on whatever path."""
    headers = acquirer.notification()
    assert _decide(known, headers, b'{"a":1}') == NAMED
    assert _decide(known, headers, b'{"a":2}') == NAMED
    for uri in (NOTIFY_URI, MIXED_URI):
        refusal = _refusal(known, headers, b'{"a":1}', x_original_uri=uri, x_external_id="new")
        assert (refusal.code, refusal.reason) == (codes.CONFLICT, "call.repeated")
    assert _decide(known, acquirer.notification(NOON + timedelta(seconds=1)), b'{"a":1}') == NAMED


def test_an_external_id_of_a_body_signed_call_serves_once_a_day(known: Services, acquirer: Acquirer) -> None:
    """The same id is a repeat with another time too; another id, and the same id on the next day, are none."""
    assert _decide(known, acquirer.body_signed()) == NUMBERED
    for again in (acquirer.body_signed(), acquirer.body_signed(now=NOON + timedelta(seconds=1))):
        assert _refusal(known, again).code == codes.CONFLICT
    assert _decide(known, acquirer.body_signed(external_id="2"))
    tomorrow = NOON + timedelta(days=1)
    assert _decide(replace(known, now=Clock(tomorrow)), acquirer.body_signed(now=tomorrow)) == NUMBERED


@pytest.mark.parametrize(
    ("uri", "changed", "advised"),
    [
        (TOKEN_URI, {}, True),
        (SIGNED_URI, {}, True),
        ("/of/no/service", {}, True),
        (TOKEN_URI, {"x_partner_id": "A"}, False),
        (TOKEN_URI, {"authorization": "Bearer A"}, False),
        (TOKEN_URI, {"x_client_key": ""}, False),
        (NOTIFY_URI, {"x_client_key": "STRANGER"}, False),
    ],
)
def test_the_log_says_how_to_accept_a_notification(
    known: Services, acquirer: Acquirer, uri: str, changed: dict[str, Any], *, advised: bool
) -> None:
    """The log line of a call with the headers of a notification has an advice, if its path accepts none."""
    notes = decision_notes.start_notes()
    _refusal(known, acquirer.notification(uri=uri), **changed)
    assert ("notification" in str(notes.get("advice"))) == advised


def test_two_forms_share_the_external_ids(known: Services, acquirer: Acquirer, token: str) -> None:
    """An X-EXTERNAL-ID of a call with a token is used up for body-signed calls, and the other way round."""
    calls = acquirer.body_signed(uri=EVERY_URI), acquirer.with_token(token, uri=EVERY_URI)
    for number, (first, second) in enumerate((calls, calls[::-1])):
        assert _decide(known, first, x_external_id=f"{number}") == (None, NUMBERED[1] | {"X-External-Id": f"{number}"})
        assert _refusal(known, second, x_external_id=f"{number}").code == codes.CONFLICT


@pytest.mark.parametrize("form", ["notification", "body_signed"])
def test_a_forged_call_uses_up_nothing(known: Services, acquirer: Acquirer, stranger: Nicepay, form: str) -> None:
    """After a forgery the genuine call is still new."""
    _refusal(known, getattr(acquirer, form)(signer=stranger))
    state = known.state
    assert isinstance(state, MemoryState)
    assert _decide(known, getattr(acquirer, form)())


WITHOUT_TOKEN = ("401xx03", "Token Not Found (B2B)", "token.absent")
NOT_ADMITTED = "call.form_not_accepted"
TWO_FORMS = "call.headers_of_two_forms"


@pytest.mark.parametrize(
    ("form", "uri", "changed", "told"),
    [
        # The token is left out.
        ("with_token", TOKEN_URI, {"authorization": None}, WITHOUT_TOKEN),
        ("with_token", MIXED_URI, {"authorization": None}, WITHOUT_TOKEN),
        ("with_token", MIXED_URI, {"authorization": ""}, WITHOUT_TOKEN),
        ("with_token", EVERY_URI, {"authorization": None}, ("401xx00", EITHER_OF_PARTNER, "signature.mismatch")),
        (
            "with_token",
            MIXED_URI,
            {"authorization": None, "x_client_key": CLIENT_KEY, "x_partner_id": None},
            ("401xx00", EITHER, "signature.mismatch"),
        ),
        # A header of another form is added.
        ("with_token", MIXED_URI, {"x_client_key": CLIENT_KEY}, ("400xx01", "X-CLIENT-KEY", TWO_FORMS)),
        ("with_token", EVERY_URI, {"x_client_key": CLIENT_KEY}, ("400xx01", "X-CLIENT-KEY", TWO_FORMS)),
        ("notification", MIXED_URI, {"x_partner_id": "PARTNER"}, ("400xx01", "X-PARTNER-ID", TWO_FORMS)),
        ("notification", NOTIFY_URI, {"x_partner_id": "PARTNER"}, ("400xx01", "X-PARTNER-ID", TWO_FORMS)),
        ("notification", MIXED_URI, {"authorization": "Bearer a"}, ("400xx01", "X-CLIENT-KEY", TWO_FORMS)),
        ("notification", NOTIFY_URI, {"authorization": "Bearer a"}, ("400xx01", "Authorization", NOT_ADMITTED)),
        ("body_signed", SIGNED_URI, {"authorization": "Bearer a"}, ("400xx01", "Authorization", NOT_ADMITTED)),
        ("body_signed", SIGNED_URI, {"x_client_key": CLIENT_KEY}, ("400xx01", "X-CLIENT-KEY", NOT_ADMITTED)),
        ("body_signed", EVERY_URI, {"x_client_key": CLIENT_KEY}, ("400xx01", "X-PARTNER-ID", TWO_FORMS)),
        ("body_signed", EVERY_URI, {"authorization": "Bearer a"}, ("401xx01", "Invalid Token (B2B)", "token.tampered")),
        # A genuine call for the path of a service that does not admit its form.
        ("notification", TOKEN_URI, {}, ("400xx02", "X-PARTNER-ID", "header.missing")),
        ("notification", TOKEN_URI, {"x_partner_id": "PARTNER", "x_external_id": "1"}, WITHOUT_TOKEN),
        ("notification", SIGNED_URI, {}, ("400xx01", "X-CLIENT-KEY", NOT_ADMITTED)),
        ("body_signed", TOKEN_URI, {}, WITHOUT_TOKEN),
        ("body_signed", MIXED_URI, {}, WITHOUT_TOKEN),
        ("body_signed", NOTIFY_URI, {}, ("400xx02", "X-CLIENT-KEY", "header.missing")),
        ("with_token", NOTIFY_URI, {}, ("400xx01", "Authorization", NOT_ADMITTED)),
        ("with_token", SIGNED_URI, {}, ("400xx01", "Authorization", NOT_ADMITTED)),
        # The headers of no form.
        ("body_signed", SIGNED_URI, {"x_partner_id": None}, ("400xx02", "X-PARTNER-ID", "header.missing")),
        ("notification", NOTIFY_URI, {"x_client_key": ""}, ("400xx02", "X-CLIENT-KEY", "header.missing")),
        ("notification", EVERY_URI, {"x_client_key": None}, ("400xx02", "X-PARTNER-ID", "header.missing")),
        ("body_signed", SIGNED_URI, {"x_external_id": None}, ("400xx02", "X-EXTERNAL-ID", "header.missing")),
        ("with_token", EVERY_URI, {"x_external_id": ""}, ("400xx02", "X-EXTERNAL-ID", "header.missing")),
        ("with_token", MIXED_URI, {"x_partner_id": None}, ("400xx02", "X-PARTNER-ID", "header.missing")),
    ],
)
def test_no_call_gets_a_weaker_rule(  # noqa: PLR0913, PLR0917  a table
    known: Services,
    acquirer: Acquirer,
    token: str,
    form: str,
    uri: str,
    changed: dict[str, str | None],
    told: tuple[str, str, str],
) -> None:
    """A genuine call with a header left out or added, or for another service, is refused, and then genuine again."""
    make = {
        "with_token": lambda: acquirer.with_token(token, uri=uri),
        "notification": lambda: acquirer.notification(uri=uri),
        "body_signed": lambda: acquirer.body_signed(uri=uri),
    }
    code, message, reason = _told(_refusal(known, make[form](), BODY, **changed))
    assert (
        code,
        message.removeprefix("Invalid Field Format ").removeprefix("Invalid Mandatory Field "),
        reason,
    ) == told
    admitted = replace(known, called_services={uri: Service("77", forms=EVERY_FORM)})
    assert _decide(admitted, make[form]())


def test_a_service_without_tokens_and_notifications_names_both_headers(known: Services, acquirer: Acquirer) -> None:
    """A call with the header of no form is told which ones it lacks."""
    two = replace(known, called_services={SIGNED_URI: Service("33", forms=("notification", "body-signed"))})
    refusal = _refusal(two, acquirer.body_signed(), x_partner_id=None)
    assert refusal.message == "Invalid Mandatory Field X-CLIENT-KEY or X-PARTNER-ID"


def test_both_signatures_in_one_call_are_refused(known: Services, acquirer: Acquirer, token: str) -> None:
    """A call that carries what two forms need is neither, whichever of its signatures is the genuine one."""
    parts = acquirer.with_token(token, uri=MIXED_URI), acquirer.notification(uri=MIXED_URI)
    for first, second in (parts, parts[::-1]):
        assert _told(_refusal(known, first | second))[2] == TWO_FORMS


def test_a_service_of_tokens_ignores_the_client_key(known: Services, acquirer: Acquirer, token: str) -> None:
    """Where only calls with a token are admitted, X-CLIENT-KEY means nothing, as before there were other forms."""
    assert _decide(known, acquirer.with_token(token), x_client_key="SOMEBODY") == NUMBERED
