"""Signs token requests correctly, or with one of the mistakes that integrators really make."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import shake_256
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render


class Mistake(StrEnum):
    """The mistake to make. Each value is the verdict that the request gets."""

    NONE = "genuine"
    STALE_CLOCK = "clock.behind"
    UTC_AS_JAKARTA = "clock.local_time_labelled_jakarta"
    WRONG_KEY = "key.unknown"
    REVERSED = "string.reversed"
    LINE_BREAK = "string.trailing_newline"


# A clock tolerance is less than half of a token's 900 seconds, so ten minutes exceed every tolerance.
_CLOCK_OFFSETS: Mapping[Mistake, timedelta] = MappingProxyType(
    {Mistake.STALE_CLOCK: timedelta(minutes=-10), Mistake.UTC_AS_JAKARTA: timedelta(hours=-7)}
)
_STRINGS_TO_SIGN: Mapping[Mistake, Callable[[str, str], bytes]] = MappingProxyType(
    {
        Mistake.REVERSED: lambda client_key, timestamp: string_to_sign(timestamp, client_key),
        Mistake.LINE_BREAK: lambda client_key, timestamp: string_to_sign(client_key, timestamp) + b"\n",
    }
)


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """The values of X-TIMESTAMP and X-SIGNATURE, and the string to sign."""

    timestamp: str
    string_to_sign: str
    signature: str


def sign_token_request(mistake: Mistake, client_key: str, private_key: RSAPrivateKey, now: datetime) -> SignedHeaders:
    """Sign a token request at time `now`, with this mistake."""
    timestamp = render(now + _CLOCK_OFFSETS.get(mistake, timedelta()))
    message = _STRINGS_TO_SIGN.get(mistake, string_to_sign)(client_key, timestamp)
    has_wrong_key = mistake is Mistake.WRONG_KEY
    signature = _unknown_signature(message, private_key.key_size) if has_wrong_key else sign(private_key, message)
    return SignedHeaders(timestamp, message.decode(), signature)


def _unknown_signature(message: bytes, bits: int) -> str:
    """Base64 of a number that looks like the signature of an unknown key.

    Generating a large key would take seconds, and the sandbox would not answer during this time.
    """
    size = (bits + 7) // 8
    number = int.from_bytes(shake_256(message).digest(size)) >> (8 * size - bits + 1)
    return b64encode(number.to_bytes(size)).decode()
