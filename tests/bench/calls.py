"""Presigned calls to authorize, in each form."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from itertools import count
from pathlib import Path

from handlers.config.token_key_file import TokenKeyFile
from handlers.snap.token import TokenKeys
from tests.bench.contestants import place
from tests.bench.load import raw_post
from tests.nicepay import Nicepay, jakarta

TOKEN, ASYMMETRIC, SYMMETRIC = "token", "asymmetric", "symmetric"
NOTIFICATION, BODY_SIGNED = "notification", "body-signed"
"""The kinds of request: for a token, and a call of each form."""

PATH = "/authorize"
CALL_PATH = "/api/v1.0/transfer-va/inquiry"
BODY = b'{"made": "up, for the bench alone", "amount": {"value": "10000.00"}, "more": "%s"}' % (b"x" * 256)
SECRET = "a secret that only this benchmark uses"
SECRET_FILE = "client.secret"

_numbers = count()


def headers(folder: Path, nicepay: Nicepay, kind: str) -> dict[str, str]:
    """The headers of a genuine call of this form that is signed now."""
    timestamp = jakarta(datetime.now(UTC))
    call = {"X-Original-Method": "POST", "X-Original-URI": CALL_PATH, "X-TIMESTAMP": timestamp}
    if kind == NOTIFICATION:
        return call | {"X-CLIENT-KEY": nicepay.client_key, "X-SIGNATURE": nicepay.signature(timestamp)}
    token = "" if kind == BODY_SIGNED else _token(folder, nicepay)
    return {
        **call,
        **({"Authorization": f"Bearer {token}"} if token else {}),
        "X-PARTNER-ID": nicepay.client_key,
        "X-SIGNATURE": _signature(nicepay, kind, token, timestamp),
        "X-EXTERNAL-ID": f"bench{next(_numbers)}",
        "CHANNEL-ID": "95221",
    }


def _token(folder: Path, nicepay: Nicepay) -> str:
    keys = TokenKeyFile.parse(folder, (folder / place.TOKEN_KEYS).read_text()).keys
    return TokenKeys(keys).issue(nicepay.client_key, datetime.now(UTC))


def _signature(nicepay: Nicepay, kind: str, token: str, timestamp: str) -> str:
    if kind == ASYMMETRIC:
        return nicepay.signature(timestamp)
    hashed = sha256(BODY).hexdigest()
    if kind == BODY_SIGNED:
        return nicepay.signature_of(f"POST:{CALL_PATH}:{hashed}:{timestamp}")
    message = f"POST:{CALL_PATH}:{token}:{hashed}:{timestamp}"
    return b64encode(digest(SECRET.encode(), message.encode(), "sha512")).decode()


def raw(folder: Path, nicepay: Nicepay, number: int, kind: str) -> list[bytes]:
    """`number` calls with one signature.

    It does not cover X-EXTERNAL-ID, or in a notification the body, so each call has its own.
    """
    common = headers(folder, nicepay, kind)
    if kind == NOTIFICATION:
        return [raw_post(PATH, common, BODY + b"%20d" % next(_numbers)) for _ in range(number)]
    return [raw_post(PATH, {**common, "X-EXTERNAL-ID": f"bench{next(_numbers)}"}, BODY) for _ in range(number)]
