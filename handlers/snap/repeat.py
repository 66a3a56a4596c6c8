"""What is remembered of a request so that its repeat is known: under which key, and for how many seconds."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from math import ceil

from handlers.snap.timestamp import JAKARTA, parse
from handlers.snap.token import CLOCKS_APART

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """The key, which tells nothing of the request, and how long it is to be remembered from now on."""

    key: str
    ttl_seconds: int


def of_token_request(client_key: str, timestamp: str, signature: str, tolerance: timedelta) -> Mark:
    """The mark of one signed request for a token: all of it that is signed, and the signature's bytes.

    Its window is twice the tolerance wide; clocks apart from ours may see it open a little longer.
    """
    raw = b64decode(signature, validate=True)
    key = _key(b"token request", client_key.encode(), timestamp.encode(), raw)
    return Mark(key, ceil((2 * tolerance + CLOCKS_APART).total_seconds()))


def of_call(client_key: str, timestamp: str, external_id: str, now: datetime, tolerance: timedelta) -> Mark:
    """The mark of one call: X-EXTERNAL-ID is unique for its client within a day (ASPI), Jakarta's, of X-TIMESTAMP.

    Remembered until that day ends and twice the tolerance beyond. The timestamp is one that is inside the window.
    """
    day = parse(timestamp).astimezone(JAKARTA).date()
    end = datetime.combine(day, time(), JAKARTA) + _DAY
    key = _key(b"call", client_key.encode(), day.isoformat().encode(), external_id.encode())
    return Mark(key, ceil((end - now + 2 * tolerance).total_seconds()))


def _key(*parts: bytes) -> str:
    """SHA-256, hexadecimal, over the parts, each behind its length: other parts never make the same text."""
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()
