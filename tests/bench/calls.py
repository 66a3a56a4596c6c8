"""The calls that follow a token, to be asked about: presigned, each with an X-EXTERNAL-ID of its own."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from itertools import count
from pathlib import Path

from handlers.config.token_key_file import TokenKeyFile
from handlers.snap.token import TokenKeys
from tests.bench.contestants import place
from tests.nicepay import Nicepay, jakarta

PATH = "/authorize"
CALL_PATH = "/api/v1.0/transfer-va/inquiry"
BODY = b'{"made": "up, for the bench alone", "amount": {"value": "10000.00"}, "more": "%s"}' % (b"x" * 256)
SECRET = "a secret of the bench, and of nothing else"
SECRET_FILE = "client.secret"

_numbers = count()


def headers(folder: Path, nicepay: Nicepay, *, symmetric: bool) -> dict[str, str]:
    """One genuine call of now."""
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
    """So many calls with one signature, which covers no X-EXTERNAL-ID in either form."""
    sent = headers(folder, nicepay, symmetric=symmetric)
    return [_raw({**sent, "X-EXTERNAL-ID": f"bench{next(_numbers)}"}) for _ in range(number)]


def _raw(sent: dict[str, str]) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(BODY)}"]
    lines += [f"{name}: {value}" for name, value in sent.items()]
    return "\r\n".join([*lines, "", ""]).encode() + BODY
