"""What is remembered of a request so that its repeat is known: under which key, and for how many seconds."""

from binascii import a2b_base64
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
    key = _key("token request", client_key, timestamp, a2b_base64(signature, strict_mode=True))
    return Mark(key, ceil((2 * tolerance + CLOCKS_APART).total_seconds()))


def of_call(client_key: str, timestamp: str, external_id: str, now: datetime, tolerance: timedelta) -> Mark:
    """The mark of one call: X-EXTERNAL-ID is unique for its client within a day (ASPI), Jakarta's, of X-TIMESTAMP.

    Remembered until that day ends and twice the tolerance beyond. The timestamp is one that is inside the window.
    """
    day = parse(timestamp).astimezone(JAKARTA).date()
    end = datetime.combine(day, time(), JAKARTA) + _DAY
    key = _key("call", client_key, day.isoformat(), external_id.encode())
    return Mark(key, ceil((end - now + 2 * tolerance).total_seconds()))


def _key(kind: str, client_key: str, when: str, rest: bytes) -> str:
    """The first 128 bits of SHA-256 over a line each and the rest, hexadecimal: no line holds the end of one."""
    return sha256(f"{kind}\n{client_key}\n{when}\n".encode() + rest).hexdigest()[:32]
