"""Signing as clients do it: as the contract says, or with one of the mistakes that integrators really make."""

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
    """What goes wrong; each is named as the verdict that it gets."""

    NONE = "genuine"
    STALE_CLOCK = "clock.behind"
    UTC_AS_JAKARTA = "clock.local_time_labelled_jakarta"
    WRONG_KEY = "key.unknown"
    REVERSED = "string.reversed"
    LINE_BREAK = "string.trailing_newline"


# A tolerance is under half of a token's 900 seconds, so ten minutes are outside every window.
_OFF: Mapping[Mistake, timedelta] = MappingProxyType(
    {Mistake.STALE_CLOCK: timedelta(minutes=-10), Mistake.UTC_AS_JAKARTA: timedelta(hours=-7)}
)
_STRINGS: Mapping[Mistake, Callable[[str, str], bytes]] = MappingProxyType(
    {
        Mistake.REVERSED: lambda client_key, timestamp: string_to_sign(timestamp, client_key),
        Mistake.LINE_BREAK: lambda client_key, timestamp: string_to_sign(client_key, timestamp) + b"\n",
    }
)


@dataclass(frozen=True, slots=True)
class Signed:
    """The two headers that a request gets at the moment of sending, and what was signed for them."""

    timestamp: str
    string_to_sign: str
    signature: str


def signed(mistake: Mistake, client_key: str, private_key: RSAPrivateKey, now: datetime) -> Signed:
    """Sign a request for a token at this time, with that mistake."""
    timestamp = render(now + _OFF.get(mistake, timedelta()))
    message = _STRINGS.get(mistake, string_to_sign)(client_key, timestamp)
    is_strange = mistake is Mistake.WRONG_KEY
    signature = _strangers_signature(message, private_key.key_size) if is_strange else sign(private_key, message)
    return Signed(timestamp, message.decode(), signature)


def _strangers_signature(message: bytes, bits: int) -> str:
    """A number that looks like the signature of a key that no merchant knows.

    To make a large key would take seconds, in which the sandbox would answer nobody.
    """
    size = (bits + 7) // 8
    number = int.from_bytes(shake_256(message).digest(size)) >> (8 * size - bits + 1)
    return b64encode(number.to_bytes(size)).decode()
