"""The requests that `refusals.py` sends: token requests and calls without a token, each refused with 401."""

import random
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, write_settings
from tests.nicepay import BODY, Nicepay, new_key

KNOWN = Nicepay()
FOUR_KEYS = Nicepay("FOURKEYS")
LARGE_KEY = Nicepay("LARGEKEY", new_key(4096))
SUSPENDED = Nicepay("SUSPENDED")
STRANGER = Nicepay()
NOTIFIER = Nicepay()
NOTIFY_URI, SIGNED_URI = "/notification", "/body-signed"
CALL_BODY = b'{ "made": "up, for the bench alone" }'
TABLES = f"""
[server]
port = {{public}}
[internal]
port = {{internal}}
[[services]]
path = "{NOTIFY_URI}"
service_code = "25"
forms = ["notification"]
[[services]]
path = "{SIGNED_URI}"
service_code = "25"
forms = ["body-signed"]
"""
Headers = dict[str, str]
Kind = Callable[[str], Headers]
"""Makes the headers of a refused request from its timestamp."""


def _unknown_client(timestamp: str) -> Headers:
    return Nicepay("NOBODYTEST", STRANGER.private_key).headers(timestamp)


def _wrong_signature(timestamp: str) -> Headers:
    return STRANGER.headers(timestamp)


def _wrong_padding(timestamp: str) -> Headers:
    """A signature that is a number below the modulus, with wrong padding."""
    return KNOWN.headers(timestamp) | {"X-SIGNATURE": b64encode(b"\x01" + random.randbytes(255)).decode()}


def _four_keys(timestamp: str) -> Headers:
    return Nicepay("FOURKEYS", STRANGER.private_key).headers(timestamp)


def _large_key(timestamp: str) -> Headers:
    return Nicepay("LARGEKEY", STRANGER.private_key).headers(timestamp)


def _above_the_modulus(timestamp: str) -> Headers:
    return KNOWN.headers(timestamp) | {"X-SIGNATURE": b64encode(b"\xff" * 256).decode()}


def _suspended(timestamp: str) -> Headers:
    return SUSPENDED.headers(timestamp)


def _suspended_wrong(timestamp: str) -> Headers:
    return Nicepay(SUSPENDED.client_key, STRANGER.private_key).headers(timestamp)


def _notification(signer: Nicepay, client_key: str) -> Kind:
    def make(timestamp: str) -> Headers:
        signature = signer.signature(timestamp, client_key)
        return _call(NOTIFY_URI, timestamp, signature) | {"X-CLIENT-KEY": client_key}

    return make


def _body_signed(signer: Nicepay, partner_id: str) -> Kind:
    def make(timestamp: str) -> Headers:
        signature = signer.signature_of(f"POST:{SIGNED_URI}:{sha256(CALL_BODY).hexdigest()}:{timestamp}")
        return _call(SIGNED_URI, timestamp, signature) | {"X-PARTNER-ID": partner_id, "X-EXTERNAL-ID": "1"}

    return make


def _call(uri: str, timestamp: str, signature: str) -> Headers:
    return {"X-Original-Method": "POST", "X-Original-URI": uri, "X-TIMESTAMP": timestamp, "X-SIGNATURE": signature}


@dataclass(frozen=True)
class Group:
    """Requests to one endpoint. The times of its first kind of refusal are the reference for the others."""

    title: str
    path: str
    body: bytes
    kinds: Mapping[str, Kind]


TOKEN_REQUESTS = Group(
    "token request",
    BASE_PATH + TOKEN_PATH,
    BODY,
    {
        "unknown client": _unknown_client,
        "wrong signature": _wrong_signature,
        "wrong padding": _wrong_padding,
        "number above the modulus": _above_the_modulus,
        "suspended, right signature": _suspended,
        "suspended, wrong signature": _suspended_wrong,
        "wrong signature, four keys": _four_keys,
        "wrong signature, 4096 bits": _large_key,
    },
)
NOTIFICATIONS = Group(
    "notification",
    "/authorize",
    CALL_BODY,
    {
        "unknown client": _notification(STRANGER, "NOBODYTEST"),
        "wrong signature": _notification(STRANGER, KNOWN.client_key),
        "suspended, right signature": _notification(NOTIFIER, SUSPENDED.client_key),
        "suspended, wrong signature": _notification(STRANGER, SUSPENDED.client_key),
        "no notification keys": _notification(STRANGER, LARGE_KEY.client_key),
    },
)
BODY_SIGNED_CALLS = Group(
    "body-signed call",
    "/authorize",
    CALL_BODY,
    {
        "unknown partner": _body_signed(STRANGER, "NOBODYTEST"),
        "wrong signature": _body_signed(STRANGER, KNOWN.client_key),
        "suspended, right signature": _body_signed(SUSPENDED, SUSPENDED.client_key),
        "suspended, wrong signature": _body_signed(STRANGER, SUSPENDED.client_key),
        "wrong signature, four keys": _body_signed(STRANGER, FOUR_KEYS.client_key),
        "wrong signature, 4096 bits": _body_signed(STRANGER, LARGE_KEY.client_key),
    },
)


def write_group_settings(folder: Path, public: int, internal: int) -> Path:
    """Settings with four clients: one key, four keys, a key of 4096 bits, and a suspended client.

    The first and the last have notifications.
    """
    tables = TABLES.format(public=public, internal=internal)
    settings = write_settings(folder, KNOWN, FOUR_KEYS, LARGE_KEY, SUSPENDED, extra=tables)
    for number in range(3):
        (folder / f"{number}.pem").write_text(Nicepay().public_pem)
    (folder / "notifications.pem").write_text(NOTIFIER.public_pem)
    text = settings.read_text()
    text = text.replace('["FOURKEYS.pem"]', '["FOURKEYS.pem", "0.pem", "1.pem", "2.pem"]')
    for client in (KNOWN, SUSPENDED):
        own = f'id = "{client.client_key}"'
        text = text.replace(own, f'{own}\nnotification_keys = ["notifications.pem"]')
    settings.write_text(f"{text}\nsuspended = true\n")
    return settings
