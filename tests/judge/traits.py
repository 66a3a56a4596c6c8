"""Conditions of planted faults: properties of a request as the server reads it."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm

from tests.judge.faulty import Condition, Request
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay

GRANT = "client_credentials"


def members(request: Request) -> dict[str, Any]:
    return request.json if isinstance(request.json, dict) else {}


def additional_info(holds: Callable[[Any], bool]) -> Condition:
    """Whether additionalInfo of a valid body meets a condition. Ellipsis stands for an absent additionalInfo."""
    return lambda request: (
        members(request).get("grantType") == GRANT and holds(members(request).get("additionalInfo", ...))
    )


def timestamp(request: Request) -> str:
    return request.header("x-timestamp") or ""


def timestamp_ends(offset: str) -> Condition:
    return lambda request: timestamp(request).endswith(offset) and "." not in timestamp(request)


def is_behind(seconds: float, tolerance: float = 600) -> Condition:
    """Whether the timestamp is this number of seconds in the past, within a tolerance in seconds."""

    def when(request: Request) -> bool:
        try:
            age = NOON - datetime.fromisoformat(timestamp(request))
        except (ValueError, TypeError):
            return False
        return abs(age.total_seconds() - seconds) < tolerance

    return when


def raw(request: Request) -> bytes:
    try:
        return b64decode(request.header("x-signature") or "", validate=True)
    except (Base64Error, ValueError):
        return b""


def signed(
    by: Nicepay,
    text: Callable[[Request], str],
    algorithm: HashAlgorithm | None = None,
    padding: PKCS1v15 | PSS | None = None,
) -> Condition:
    """Whether the signature verifies over this text."""

    def when(request: Request) -> bool:
        message = text(request).encode("latin-1")
        try:
            key = by.private_key.public_key()
            key.verify(raw(request), message, padding or PKCS1v15(), algorithm or SHA256())
        except InvalidSignature:
            return False
        return True

    return when


def string_to_sign(request: Request) -> str:
    return f"{request.header('x-client-key')}|{timestamp(request)}"


def string_of_a_second_before(request: Request) -> str:
    try:
        before = datetime.fromisoformat(timestamp(request)) - timedelta(seconds=1)
    except ValueError:
        return ""
    return f"{CLIENT_KEY}|{before.isoformat()}"
