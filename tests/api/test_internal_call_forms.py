"""The internal listener's answers about calls without a token: notifications, and calls signed with their body."""

from datetime import timedelta

import pytest

from tests.api.conftest import Listeners
from tests.forms import BODY, EVERY_URI, MINIFIED, MIXED_URI, NOTIFY_URI, SIGNED_URI
from tests.internal import (
    NOTIFIER,
    PROXY_SECRET,
    SUSPENDED,
    SUSPENDED_NOTIFIER,
    InternalListener,
)
from tests.nicepay import CLIENT_KEY, Nicepay, fingerprint, jakarta

GUARD = "X-Internal-Authorization"


@pytest.mark.parametrize("uri", [NOTIFY_URI, MIXED_URI, EVERY_URI])
def test_a_notification_is_genuine(internal: InternalListener, nicepay: Nicepay, uri: str) -> None:
    """The answer has X-Client-Key and no X-External-Id, and the log has the form, the client and the key."""
    response = internal.authorize(internal.notification(nicepay, uri), uri.encode())
    assert (response.status_code, response.headers["x-client-key"]) == (200, CLIENT_KEY)
    assert "x-external-id" not in response.headers
    line = internal.decision()
    assert (line["event"], line["form"], line["client_key"]) == ("call.genuine", "notification", CLIENT_KEY)
    assert (line["key"], line["path"]) == (fingerprint(NOTIFIER), uri)
    assert "token" not in line


@pytest.mark.parametrize("uri", [SIGNED_URI, EVERY_URI, f"{SIGNED_URI}?a=b"])
@pytest.mark.parametrize("signed", [BODY, MINIFIED])
def test_a_call_signed_with_its_body_is_genuine(
    internal: InternalListener, nicepay: Nicepay, uri: str, signed: bytes
) -> None:
    """The answer has X-Client-Key and X-External-Id, and the log has the form and the key."""
    headers = internal.body_signed(nicepay, signed, uri)
    response = internal.authorize(headers, BODY)
    assert (response.status_code, response.headers["x-client-key"]) == (200, CLIENT_KEY)
    assert response.headers["x-external-id"] == headers["X-EXTERNAL-ID"]
    line = internal.decision()
    assert (line["form"], line["partner_id"], line["key"]) == ("body-signed", "PARTNER", fingerprint(nicepay))


def test_nginx_is_told_where_to_deliver_each_form(listeners: Listeners, nicepay: Nicepay) -> None:
    """X-Accel-Redirect comes with the answer to a genuine call without a token, too."""
    listener = listeners("accelerated")
    for headers in (listener.notification(nicepay), listener.body_signed(nicepay, BODY)):
        assert listener.authorize(headers, BODY).headers["x-accel-redirect"] == "@merchant"


def test_the_path_of_two_forms_judges_each_by_its_own_rule(internal: InternalListener, nicepay: Nicepay) -> None:
    """NIVA's payment and NICEPAY's notification come to one path, and neither passes without its own header."""
    niva = internal.asymmetric(nicepay) | {"X-Original-URI": MIXED_URI}
    notification = internal.notification(nicepay, MIXED_URI)
    assert internal.authorize(niva | {"Authorization": ""}, BODY).json()["responseCode"] == "4012503"
    both = internal.authorize(niva | {"X-CLIENT-KEY": CLIENT_KEY}, BODY)
    assert both.json() == {"responseCode": "4002501", "responseMessage": "Invalid Field Format X-CLIENT-KEY"}
    assert internal.log()[-1]["reason"] == "call.headers_of_two_forms"
    assert internal.authorize(niva, BODY).status_code == 200
    assert internal.authorize(notification, b"of the path of two forms").status_code == 200


def test_a_copy_is_a_conflict(internal: InternalListener, nicepay: Nicepay) -> None:
    """A second notification of the same second passes with another body, and a copy of either form does not."""
    notification, signed = internal.notification(nicepay), internal.body_signed(nicepay, BODY)
    for body in (b'{"number":1}', b'{"number":2}'):
        assert internal.authorize(notification, body).status_code == 200
        assert internal.authorize(notification, body).json()["responseCode"] == "4095200"
    assert internal.authorize(signed, BODY).status_code == 200
    assert internal.authorize(signed, BODY).json()["responseCode"] == "4093300"


def test_unknown_suspended_and_forged_get_the_same_bytes(
    internal: InternalListener, nicepay: Nicepay, stranger: Nicepay
) -> None:
    """In both forms without a token the answer does not tell which clients there are; the log does."""
    internal.clock.now += timedelta(seconds=20)
    known = internal.acquirer(nicepay)
    now = internal.clock.now
    suspended = SUSPENDED_NOTIFIER.signature(jakarta(now))
    for wrong, named, reasons in (
        (
            [
                known.notification(now) | {"X-CLIENT-KEY": "NOBODY"},
                known.notification(now) | {"X-CLIENT-KEY": SUSPENDED, "X-SIGNATURE": suspended},
                known.notification(now, signer=stranger),
                known.notification(now, signer=nicepay),
            ],
            "X-CLIENT-KEY or X-SIGNATURE",
            ["client.unknown", "client.suspended", "signature.mismatch", "signature.mismatch"],
        ),
        (
            [
                known.body_signed(BODY, now) | {"X-PARTNER-ID": "NOBODY"},
                known.body_signed(BODY, now) | {"X-PARTNER-ID": SUSPENDED},
                known.body_signed(BODY, now, signer=stranger),
                known.body_signed(BODY, now, signer=NOTIFIER),
            ],
            "X-PARTNER-ID or X-SIGNATURE",
            ["client.unknown", "client.suspended", "signature.mismatch", "signature.mismatch"],
        ),
    ):
        told = []
        for headers in wrong:
            response = internal.authorize(headers, BODY)
            assert (response.status_code, response.headers["www-authenticate"]) == (
                401,
                'Bearer error="invalid_request"',
            )
            assert response.json()["responseMessage"] == f"Unauthorized. {named}"
            told.append(internal.decision()["reason"])
        assert told == reasons


@pytest.mark.parametrize("name", ["X-TIMESTAMP", "X-SIGNATURE", "X-CLIENT-KEY", "X-PARTNER-ID", "X-EXTERNAL-ID"])
@pytest.mark.parametrize("form", ["notification", "body-signed"])
def test_a_missing_header_is_named(internal: InternalListener, nicepay: Nicepay, form: str, name: str) -> None:
    """A mandatory header of the form that is absent is refused with 400xx02 and its name."""
    headers = internal.notification(nicepay) if form == "notification" else internal.body_signed(nicepay, BODY)
    if name in headers:
        del headers[name]
        response = internal.authorize(headers, BODY)
        assert response.json()["responseMessage"] == f"Invalid Mandatory Field {name}"
        assert response.json()["responseCode"] in {"4005202", "4003302"}


@pytest.mark.parametrize("name", ["X-CLIENT-KEY", "X-SIGNATURE"])
def test_two_copies_of_a_header_are_refused(internal: InternalListener, nicepay: Nicepay, name: str) -> None:
    """A second copy of a header of a notification is refused with 400xx00."""
    headers = internal.notification(nicepay)
    response = internal.authorize([*headers.items(), (name.lower(), headers[name])], BODY)
    assert response.json() == {"responseCode": "4005200", "responseMessage": "Bad Request"}


def test_the_proxy_must_send_its_secret(listeners: Listeners, nicepay: Nicepay) -> None:
    """Without a token in the call the proxy's secret is asked for all the same."""
    listener = listeners("guarded")
    for headers in (listener.notification(nicepay), listener.body_signed(nicepay, BODY)):
        for wrong in ({}, {GUARD: "Bearer wrong"}):
            assert listener.authorize(headers | wrong, BODY).json()["responseCode"] == "4010000"
        assert listener.authorize(headers | {GUARD: f"Bearer {PROXY_SECRET}"}, BODY).status_code == 200


@pytest.mark.parametrize("form", ["notification", "body-signed"])
def test_a_proxy_that_sends_no_body_cannot_have_it(internal: InternalListener, nicepay: Nicepay, form: str) -> None:
    """Asked by GET about a POST, the server refuses both forms, and the log says that the body is missing."""
    internal.clock.now += timedelta(seconds=40)
    headers = internal.notification(nicepay) if form == "notification" else internal.body_signed(nicepay, BODY)
    response = internal.authorize(headers, BODY, method="GET")
    assert response.json()["responseMessage"] == "Unauthorized. X-SIGNATURE"
    assert internal.decision()["reason"] == "call.body_not_forwarded"
    assert internal.authorize(headers, BODY).status_code == 200


def test_a_token_request_is_no_notification(internal: InternalListener, nicepay: Nicepay) -> None:
    """The signature of a genuine token request is over the same text, and by a key that verifies no notification."""
    request = internal.notification(nicepay) | {"X-SIGNATURE": nicepay.signature(jakarta(internal.clock.now))}
    assert internal.authorize(request, BODY).json()["responseCode"] == "4015200"
