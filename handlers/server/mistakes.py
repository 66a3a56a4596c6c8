"""Signing as clients do it: as the contract says, or with one of the mistakes that integrators really make."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

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
    key = _strangers_key(private_key.key_size) if mistake is Mistake.WRONG_KEY else private_key
    return Signed(timestamp, message.decode(), sign(key, message))


@lru_cache
def _strangers_key(bits: int) -> RSAPrivateKey:
    """A key that no merchant knows; one a size, for making one takes a while."""
    return generate_private_key(65537, bits)
