"""Access tokens: Fernet, opaque to the client, checked by whoever holds the keys, nothing to store.

A token carries its client key and, in Fernet's own field, the second in which it was issued. A client key of 36
characters gives 140 characters; NICEPAY's limit is 150 (NICO and NIVA, accessToken).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

LIFETIME = timedelta(seconds=900)  # SNAP: a B2B token lives 15 minutes.

MAX_CLOCK_SKEW = timedelta(seconds=60)
"""By how much the clock that issued a token may be ahead of the one that opens it; Fernet allows as much."""

_NOT_KNOWN: Mapping[bytes, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a genuine token says, and the name that it has where the token itself must not stand."""

    client_key: str
    issued_at: datetime
    fingerprint: str


class TokenRefusedError(Exception):
    """A token that opens nothing. `reason` is for the log."""

    reason: ClassVar[str]


class TamperedTokenError(TokenRefusedError):
    """Not ours, or altered, be it in its spelling alone."""

    reason = "token.tampered"


class ExpiredTokenError(TokenRefusedError):
    """Ours, and not of this time."""

    reason = "token.expired"


class TokenKeys:
    """The Fernet keys, newest first. The first mints; all open, a retired one until its last token ends."""

    def __init__(
        self, keys: Sequence[bytes], lifetime: timedelta = LIFETIME, retired_at: Mapping[bytes, datetime] = _NOT_KNOWN
    ) -> None:
        """Each key is 32 bytes in urlsafe base64; ValueError if one is not, or if there is none.

        `retired_at` says since when a key mints no more, if that is known. For the first key it is ignored.
        """
        fernets = [Fernet(key) for key in keys]
        self._minting = MultiFernet(fernets)
        self._opening = list(zip(fernets, [None, *map(retired_at.get, keys[1:])], strict=True))
        self.lifetime = lifetime

    def issue(self, client_key: str, issued_at: datetime) -> str:
        """A token for one client; urlsafe base64, at most 140 characters."""
        return self._minting.encrypt_at_time(client_key.encode(), int(issued_at.timestamp())).decode()

    def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Read a token back.

        Raises:
            TamperedTokenError: no key opens it any more, or it is spelt in another way than it was issued.
            ExpiredTokenError: its lifetime is over, or its beginning is too far ahead.
        """
        raw = _canonical(token)
        try:
            fernet = self._opening_at(now)
            client_key = fernet.decrypt(raw).decode()
            issued_at = datetime.fromtimestamp(fernet.extract_timestamp(raw), UTC)
        except InvalidToken as error:
            raise TamperedTokenError from error
        if not issued_at - MAX_CLOCK_SKEW <= now < issued_at + self.lifetime:
            raise ExpiredTokenError
        return VerifiedToken(client_key, issued_at, fingerprint(token))

    def _opening_at(self, now: datetime) -> MultiFernet:
        return MultiFernet(
            [fernet for fernet, at in self._opening if not (at and last_token_expired(at, now, self.lifetime))]
        )

    def expires_at(self, issued_at: datetime) -> datetime:
        """The second from which a token of that issue is refused."""
        return issued_at.replace(microsecond=0) + self.lifetime

    def remaining_seconds(self, issued_at: datetime, now: datetime) -> int:
        """How long a token of that issue lives, from the whole second of `now` on; never more than the lifetime."""
        age = int(now.timestamp()) - int(issued_at.timestamp())
        lifetime = int(self.lifetime.total_seconds())
        return min(max(lifetime - age, 0), lifetime)


def last_token_expired(retired_at: datetime, now: datetime, lifetime: timedelta) -> bool:
    """Whether the last token of a key that retired then has expired, even if clocks differ by `MAX_CLOCK_SKEW`."""
    return now - retired_at > lifetime + MAX_CLOCK_SKEW


def revocation_seconds(lifetime: timedelta) -> int:
    """For how long a token that is revoked is to be remembered: longer than any clock might still let it open.

    The clock of whoever issued it may be ahead, and that of whoever opens it behind.
    """
    return int((lifetime + 2 * MAX_CLOCK_SKEW).total_seconds())


def fingerprint(token: str) -> str:
    """SHA-256, hexadecimal, over the bytes that a text spells: the same for every spelling of one token.

    Raises:
        ValueError: it is no base64.
    """
    return sha256(urlsafe_b64decode(token.rstrip("=") + "==")).hexdigest()


def _canonical(token: str) -> bytes:
    """The token's bytes, if it is spelt as it was issued: Fernet alone takes other base64 of the same bytes too."""
    try:
        raw = token.encode("ascii")
        spelt = urlsafe_b64encode(urlsafe_b64decode(raw))
    except ValueError as error:
        raise TamperedTokenError from error
    if spelt != raw:
        raise TamperedTokenError
    return raw
