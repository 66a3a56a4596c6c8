"""Presigned calls to authorize, each with its own X-EXTERNAL-ID."""

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

PATH = "/authorize"
CALL_PATH = "/api/v1.0/transfer-va/inquiry"
BODY = b'{"made": "up, for the bench alone", "amount": {"value": "10000.00"}, "more": "%s"}' % (b"x" * 256)
SECRET = "a secret that only this benchmark uses"
SECRET_FILE = "client.secret"

_numbers = count()


def headers(folder: Path, nicepay: Nicepay, *, symmetric: bool) -> dict[str, str]:
    """The headers of a genuine call that is signed now."""
    now = datetime.now(UTC)
    keys = TokenKeyFile.parse(folder, (folder / place.TOKEN_KEYS).read_text()).keys
    token = TokenKeys(keys).issue(nicepay.client_key, now)
    timestamp = jakarta(now)
    signature = _symmetric(token, timestamp) if symmetric else nicepay.signature(timestamp)
    return {
        "Authorization": f"Bearer {token}",
        "X-Original-Method": "POST",
        "X-Original-URI": CALL_PATH,
        "X-TIMESTAMP": timestamp,
        "X-PARTNER-ID": nicepay.client_key,
        "X-SIGNATURE": signature,
        "X-EXTERNAL-ID": f"bench{next(_numbers)}",
        "CHANNEL-ID": "95221",
    }


def _symmetric(token: str, timestamp: str) -> str:
    message = f"POST:{CALL_PATH}:{token}:{sha256(BODY).hexdigest()}:{timestamp}"
    return b64encode(digest(SECRET.encode(), message.encode(), "sha512")).decode()


def raw(folder: Path, nicepay: Nicepay, number: int, *, symmetric: bool) -> list[bytes]:
    """`number` calls with one signature, because no form of the signature covers X-EXTERNAL-ID."""
    common = headers(folder, nicepay, symmetric=symmetric)
    return [raw_post(PATH, {**common, "X-EXTERNAL-ID": f"bench{next(_numbers)}"}, BODY) for _ in range(number)]
