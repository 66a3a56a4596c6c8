"""Access tokens. They are Fernet tokens: opaque to the client, verified with a key alone, and never stored.

A token contains its client key and, in Fernet's own field, the second in which it was issued. With a client key of 36
characters it has 140 characters. NICEPAY's limit is 150 (NICO and NIVA, accessToken).
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
"""How far the clock of the issuing instance may be ahead of the clock of the verifying one. Fernet allows as much."""

_NONE_RETIRED: Mapping[bytes, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a valid token contains. The fingerprint stands for the token where the token itself must not appear."""

    client_key: str
    issued_at: datetime
    fingerprint: str


class TokenRefusedError(Exception):
    """A token is not valid. `reason` is a constant for the log."""

    reason: ClassVar[str]


class TamperedTokenError(TokenRefusedError):
    """Not issued by us, or altered, or in another base64 spelling."""

    reason = "token.tampered"


class ExpiredTokenError(TokenRefusedError):
    """Issued by us, but expired or not yet valid."""

    reason = "token.expired"


class TokenKeys:
    """The Fernet keys, newest first. The first key issues tokens. All keys verify, until their last token expires."""

    def __init__(
        self,
        keys: Sequence[bytes],
        lifetime: timedelta = LIFETIME,
        retired_at: Mapping[bytes, datetime] = _NONE_RETIRED,
    ) -> None:
        """Each key is 32 bytes in URL-safe base64.

        `retired_at` says since when a key no longer issues tokens, if that is known. It is ignored for the first key.

        Raises:
            ValueError: A key has another format, or there is no key.
        """
        fernets = [Fernet(key) for key in keys]
        self._issuing = MultiFernet(fernets)
        self._verifying = list(zip(fernets, [None, *map(retired_at.get, keys[1:])], strict=True))
        self.lifetime = lifetime

    def issue(self, client_key: str, issued_at: datetime) -> str:
        """Issue a token for one client: URL-safe base64, at most 140 characters."""
        return self._issuing.encrypt_at_time(client_key.encode(), int(issued_at.timestamp())).decode()

    def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Verify a token, and return what it contains.

        Raises:
            TamperedTokenError: No key verifies it, or its base64 spelling differs from the one that was issued.
            ExpiredTokenError: Its lifetime has ended, or it was issued more than `MAX_CLOCK_SKEW` in the future.
        """
        raw = _require_canonical(token)
        try:
            fernet = self._verifying_at(now)
            client_key = fernet.decrypt(raw).decode()
            issued_at = datetime.fromtimestamp(fernet.extract_timestamp(raw), UTC)
        except InvalidToken as error:
            raise TamperedTokenError from error
        if not issued_at - MAX_CLOCK_SKEW <= now < issued_at + self.lifetime:
            raise ExpiredTokenError
        return VerifiedToken(client_key, issued_at, fingerprint(token))

    def _verifying_at(self, now: datetime) -> MultiFernet:
        return MultiFernet(
            [key for key, at in self._verifying if not (at and last_token_expired(at, now, self.lifetime))]
        )

    def expires_at(self, issued_at: datetime) -> datetime:
        """Return the second from which a token that was issued then is refused."""
        return issued_at.replace(microsecond=0) + self.lifetime

    def remaining_seconds(self, issued_at: datetime, now: datetime) -> int:
        """Return the seconds that a token issued then still lives, counted from the whole second of `now`."""
        age = int(now.timestamp()) - int(issued_at.timestamp())
        lifetime = int(self.lifetime.total_seconds())
        return min(max(lifetime - age, 0), lifetime)


def last_token_expired(retired_at: datetime, now: datetime, lifetime: timedelta) -> bool:
    """Whether the last token of a key that retired then has expired, even if clocks differ by `MAX_CLOCK_SKEW`."""
    return now - retired_at > lifetime + MAX_CLOCK_SKEW


def revocation_seconds(lifetime: timedelta) -> int:
    """Return the seconds for which a revocation must be recorded, so that no instance accepts the token again.

    The clock of the issuing instance may be ahead, and the clock of the verifying instance behind.
    """
    return int((lifetime + 2 * MAX_CLOCK_SKEW).total_seconds())


def fingerprint(token: str) -> str:
    """Return the SHA-256 of the decoded token, in hexadecimal. It is the same for every base64 spelling of a token.

    Raises:
        ValueError: The token is not base64.
    """
    return sha256(urlsafe_b64decode(token.rstrip("=") + "==")).hexdigest()


def _require_canonical(token: str) -> bytes:
    """Return the token as bytes, if its base64 is canonical. Fernet itself also accepts other spellings."""
    try:
        raw = token.encode("ascii")
        canonical = urlsafe_b64encode(urlsafe_b64decode(raw))
    except ValueError as error:
        raise TamperedTokenError from error
    if canonical != raw:
        raise TamperedTokenError
    return raw
