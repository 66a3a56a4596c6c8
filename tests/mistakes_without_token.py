"""Calls without a token with one mistake each, and the verdict constant for each mistake."""

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA512

from handlers.doctor.request import Request
from tests.mistakes import CALL_BODY, NOTIFY_PATH, NOW, OTHER, SIGNED_PATH, SUSPENDED, Make, World, call, via_proxy
from tests.nicepay import CLIENT_KEY
from tests.published_key import PRIVATE as PUBLISHED_KEY


def notification(world: World, signature: str | None = None, **changed: str | None) -> Request:
    """A notification. It is genuine unless the test changes something; a header with the value None is left out."""
    headers = {
        "X-TIMESTAMP": NOW,
        "X-CLIENT-KEY": CLIENT_KEY,
        "X-SIGNATURE": signature or world.sign(f"{CLIENT_KEY}|{NOW}", key=world.notifier.private_key),
    }
    return _request(NOTIFY_PATH, headers, changed, CALL_BODY)


def body_signed(world: World, signature: str | None = None, body: bytes = CALL_BODY, **changed: str | None) -> Request:
    """A call that is signed with its body."""
    headers = {
        "X-TIMESTAMP": NOW,
        "X-PARTNER-ID": CLIENT_KEY,
        "X-SIGNATURE": signature or world.sign(string_to_sign()),
        "X-EXTERNAL-ID": "ordNo1",
    }
    return _request(SIGNED_PATH, headers, changed, body)


def string_to_sign(body: bytes = CALL_BODY, path: str = SIGNED_PATH, timestamp: str = NOW) -> str:
    """The text that the client of a body-signed call signs."""
    return f"POST:{path}:{sha256(body).hexdigest()}:{timestamp}"


def _request(path: str, headers: dict[str, str], changed: dict[str, str | None], body: bytes) -> Request:
    every = {
        "Host": "merchant.example",
        **headers,
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return Request("POST", path, tuple((name, value) for name, value in every.items() if value is not None), body)


_LATER = NOW.replace(":01+", ":02+")
_LATE = NOW.replace("T12:00", "T11:50")
_WITA = NOW.replace("T12:", "T13:")

TOKENLESS_MISTAKES: dict[str, list[tuple[str, Make]]] = {
    "genuine": [
        ("a notification", notification),
        ("a notification with an external id", lambda w: notification(w, X_EXTERNAL_ID="1")),
        ("body-signed", body_signed),
        ("body-signed, minified", lambda w: body_signed(w, w.sign(string_to_sign(b'{"a":1}')), b'{ "a": 1 }')),
        ("a notification, asked", lambda w: via_proxy(notification(w))),
        ("body-signed, asked", lambda w: via_proxy(body_signed(w))),
    ],
    "call.signed_with_transaction_key": [
        ("a notification", lambda w: notification(w, w.sign(f"{CLIENT_KEY}|{NOW}"))),
    ],
    "call.signed_with_notification_key": [
        ("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(), key=w.notifier.private_key))),
        ("with a token", lambda w: call(w, w.sign(f"{CLIENT_KEY}|{NOW}", key=w.notifier.private_key))),
    ],
    "call.string_unknown": [
        ("another body", lambda w: body_signed(w, w.sign(string_to_sign(b"quite another body")))),
    ],
    "call.body_changed": [
        ("numbers", lambda w: body_signed(w, w.sign(string_to_sign(CALL_BODY.replace(b"10.00", b"10"))))),
    ],
    "call.hash_upper_case": [
        (
            "capitals",
            lambda w: body_signed(w, w.sign(f"POST:{SIGNED_PATH}:{sha256(CALL_BODY).hexdigest().upper()}:{NOW}")),
        )
    ],
    "call.path_with_host": [
        ("https", lambda w: body_signed(w, w.sign(string_to_sign(path=f"https://merchant.example{SIGNED_PATH}")))),
    ],
    "timestamp.signed_another_second": [
        ("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(timestamp=_LATER)))),
        (
            "a notification",
            lambda w: notification(w, w.sign(f"{CLIENT_KEY}|{_LATER}", key=w.notifier.private_key)),
        ),
    ],
    "string.reversed": [
        ("a notification", lambda w: notification(w, w.sign(f"{NOW}|{CLIENT_KEY}", key=w.notifier.private_key))),
    ],
    "hash.sha512": [("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(), SHA512())))],
    "key.unknown": [
        ("a notification", lambda w: notification(w, w.sign(f"{CLIENT_KEY}|{NOW}", key=w.stranger.private_key))),
        ("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(), key=w.stranger.private_key))),
    ],
    "key.published": [
        ("body-signed, test key", lambda w: body_signed(w, w.sign(string_to_sign(), key=PUBLISHED_KEY))),
    ],
    "key.of_another_client": [
        ("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(), key=w.other.private_key))),
    ],
    "signature.wrong_length": [
        ("a notification", lambda w: notification(w, b64encode(b"a" * 128).decode())),
        ("body-signed", lambda w: body_signed(w, b64encode(b"a" * 64).decode())),
    ],
    "client.unknown": [
        ("a notification", lambda w: notification(w, X_CLIENT_KEY="NOBODY")),
        ("body-signed", lambda w: body_signed(w, X_PARTNER_ID="NOBODY")),
    ],
    "client.suspended": [("body-signed", lambda w: body_signed(w, X_PARTNER_ID=SUSPENDED))],
    "client.without_notification_keys": [("another client", lambda w: notification(w, X_CLIENT_KEY=OTHER))],
    "clock.behind": [
        (
            "a notification",
            lambda w: notification(w, w.sign(f"{CLIENT_KEY}|{_LATE}", key=w.notifier.private_key), X_TIMESTAMP=_LATE),
        ),
        ("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(timestamp=_LATE)), X_TIMESTAMP=_LATE)),
    ],
    "clock.wrong_zone_label": [
        (
            "a notification",
            lambda w: notification(w, w.sign(f"{CLIENT_KEY}|{_WITA}", key=w.notifier.private_key), X_TIMESTAMP=_WITA),
        ),
        ("body-signed", lambda w: body_signed(w, w.sign(string_to_sign(timestamp=_WITA)), X_TIMESTAMP=_WITA)),
    ],
    "call.headers_of_two_forms": [
        ("with a partner id", lambda w: notification(w, X_PARTNER_ID=CLIENT_KEY)),
        ("with a token", lambda w: notification(w, Authorization=f"Bearer {w.token()}")),
    ],
    "call.form_not_accepted": [
        ("with a token", lambda w: body_signed(w, Authorization=f"Bearer {w.token()}")),
        ("a notification", lambda w: replace(notification(w), target=SIGNED_PATH)),
    ],
    "header.missing": [
        ("no external id", lambda w: body_signed(w, X_EXTERNAL_ID=None)),
        ("no partner id", lambda w: body_signed(w, X_PARTNER_ID=None)),
    ],
    "token.missing": [("body-signed", lambda w: replace(body_signed(w), target=NOTIFY_PATH))],
    "call.body_not_forwarded": [
        ("a notification", lambda w: via_proxy(notification(w), method="GET")),
        ("body-signed", lambda w: via_proxy(body_signed(w), method="GET")),
    ],
}
"""Calls without a token, by verdict constant. `call.notification_repeated` is missing, because it takes two calls."""
