"""Properties of a request that planted faults depend on."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm

from tests.judge.faulty import Predicate, ReceivedRequest
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay

GRANT = "client_credentials"


def members(request: ReceivedRequest) -> dict[str, Any]:
    return request.json if isinstance(request.json, dict) else {}


def info(is_such: Callable[[Any], bool]) -> Predicate:
    """Whether a body with the right grantType has such an additionalInfo. An absent one is Ellipsis."""
    return lambda request: (
        members(request).get("grantType") == GRANT and is_such(members(request).get("additionalInfo", ...))
    )


def timestamp(request: ReceivedRequest) -> str:
    return request.header("x-timestamp") or ""


def ends(suffix: str) -> Predicate:
    return lambda request: timestamp(request).endswith(suffix) and "." not in timestamp(request)


def behind(seconds: float, by: float = 600) -> Predicate:
    """Whether the timestamp lies `seconds` in the past, with a tolerance of `by` seconds."""

    def when(request: ReceivedRequest) -> bool:
        try:
            off = NOON - datetime.fromisoformat(timestamp(request))
        except (ValueError, TypeError):
            return False
        return abs(off.total_seconds() - seconds) < by

    return when


def raw(request: ReceivedRequest) -> bytes:
    try:
        return b64decode(request.header("x-signature") or "", validate=True)
    except (Base64Error, ValueError):
        return b""


def signed(
    by: Nicepay,
    text: Callable[[ReceivedRequest], str],
    algorithm: HashAlgorithm | None = None,
    padding: PKCS1v15 | PSS | None = None,
) -> Predicate:
    """Whether this key signed such a text."""

    def when(request: ReceivedRequest) -> bool:
        message = text(request).encode("latin-1")
        try:
            key = by.private_key.public_key()
            key.verify(raw(request), message, padding or PKCS1v15(), algorithm or SHA256())
        except InvalidSignature:
            return False
        return True

    return when


def as_sent(request: ReceivedRequest) -> str:
    return f"{request.header('x-client-key')}|{timestamp(request)}"


def of_the_second_before(request: ReceivedRequest) -> str:
    try:
        before = datetime.fromisoformat(timestamp(request)) - timedelta(seconds=1)
    except ValueError:
        return ""
    return f"{CLIENT_KEY}|{before.isoformat()}"
