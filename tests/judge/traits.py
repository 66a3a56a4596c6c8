"""What a planted fault goes by: the request as a server sees it, with the keys of both who sign."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm

from tests.judge.faulty import Seen, When
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay

GRANT = "client_credentials"


def members(seen: Seen) -> dict[str, Any]:
    return seen.json if isinstance(seen.json, dict) else {}


def info(holds: Callable[[Any], bool]) -> When:
    """Of an honest body: what stands in additionalInfo, Ellipsis if there is none."""
    return lambda seen: members(seen).get("grantType") == GRANT and holds(members(seen).get("additionalInfo", ...))


def timestamp(seen: Seen) -> str:
    return seen.header("x-timestamp") or ""


def ends(mark: str) -> When:
    return lambda seen: timestamp(seen).endswith(mark) and "." not in timestamp(seen)


def behind(seconds: float, by: float = 600) -> When:
    """Whether the timestamp lies so far in the past, give or take."""

    def when(seen: Seen) -> bool:
        try:
            off = NOON - datetime.fromisoformat(timestamp(seen))
        except (ValueError, TypeError):
            return False
        return abs(off.total_seconds() - seconds) < by

    return when


def raw(seen: Seen) -> bytes:
    try:
        return b64decode(seen.header("x-signature") or "", validate=True)
    except (Base64Error, ValueError):
        return b""


def signed(
    by: Nicepay,
    text: Callable[[Seen], str],
    algorithm: HashAlgorithm | None = None,
    padding: PKCS1v15 | PSS | None = None,
) -> When:
    """Whether the signature is one over such a text."""

    def when(seen: Seen) -> bool:
        message = text(seen).encode("latin-1")
        try:
            key = by.private_key.public_key()
            key.verify(raw(seen), message, padding or PKCS1v15(), algorithm or SHA256())
        except InvalidSignature:
            return False
        return True

    return when


def as_sent(seen: Seen) -> str:
    return f"{seen.header('x-client-key')}|{timestamp(seen)}"


def of_the_second_before(seen: Seen) -> str:
    try:
        before = datetime.fromisoformat(timestamp(seen)) - timedelta(seconds=1)
    except ValueError:
        return ""
    return f"{CLIENT_KEY}|{before.isoformat()}"
