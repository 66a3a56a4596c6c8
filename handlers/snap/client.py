"""Clients: who may request a token, how they sign, and how far their clock may differ from ours."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import reduce
from itertools import chain
from operator import or_

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handlers.snap.call import Call
from handlers.snap.codes import unauthorized
from handlers.snap.dummy_keys import dummy_key_like
from handlers.snap.keys import fingerprint
from handlers.snap.signature import string_to_sign, verifies, verify_each

CLIENT_KEY = re.compile(r"[!-~]{1,36}")
"""1 to 36 visible ASCII characters (ASPI, X-CLIENT-KEY)."""

SIGNED_BY_SECRET = "secret"  # noqa: S105  a word for the log, no secret
"""The log shows this in place of a key's fingerprint, if the client signed with its secret."""

_KeyShape = tuple[int, int]
"""The size of a key in bits, and its exponent."""

# The answer does not say which of the two is wrong. Otherwise a caller could find out which clients exist.
_EITHER = "X-CLIENT-KEY or X-SIGNATURE"


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        key: Its X-CLIENT-KEY.
        public_keys: The keys that verify its signatures. Several may be valid at once.
        clock_tolerance: How far X-TIMESTAMP may be from our clock, in either direction.
        padding: Dummy keys. They make a refusal of this client take as long as a refusal of any other client.
        known: False only for the client that stands for every unknown client.
        partner_id: The X-PARTNER-ID of its calls. It is `key` if the settings give none.
        client_secret: The secret that signs its calls, for the symmetric signature. Without it, its key pair signs.
        former_secrets: Older secrets that are still accepted while the client changes its secret.
        suspended: Whether the settings or the state store suspend it.
        fingerprints: The fingerprints of `public_keys`, in the same order.
    """

    key: str
    public_keys: tuple[RSAPublicKey, ...]
    clock_tolerance: timedelta
    padding: tuple[RSAPublicKey, ...] = ()
    known: bool = True
    partner_id: str = ""
    client_secret: bytes | None = field(default=None, repr=False)
    former_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    suspended: bool = False
    fingerprints: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring describes the two attributes
        if not self.partner_id:
            object.__setattr__(self, "partner_id", self.key)
        object.__setattr__(self, "fingerprints", tuple(map(fingerprint, self.public_keys)))

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign its calls, the newest first. Empty if its key pair signs them."""
        return () if self.client_secret is None else (self.client_secret, *self.former_secrets)

    @property
    def active(self) -> bool:
        """Whether the client may make requests."""
        return self.known and not self.suspended

    def require_signature(self, client_key: str, timestamp: str, signature: str) -> str:
        """Verify the signature of a token request over the header values as the client sent them.

        Returns:
            The fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, the same for an unknown client, a suspended client, and a wrong signature.
        """
        message = string_to_sign(client_key, timestamp)
        verified = verify_each(self.public_keys, message, signature)
        is_genuine = any(verified)
        if not (is_genuine and self.active):
            verifies(self.padding, message, signature)
            reason = "signature.mismatch" if self.known and not is_genuine else self._inactive_reason
            raise unauthorized(field=_EITHER, reason=reason)
        return self.fingerprints[verified.index(True)]

    def require_partner(self, partner_id: str) -> None:
        """Check that X-PARTNER-ID of a call belongs to the client to which we issued the token.

        Raises:
            SnapError: 401 00, the same for a client that was removed, a suspended client, and a wrong X-PARTNER-ID.
        """
        if not (self.active and partner_id == self.partner_id):
            reason = "partner.mismatch" if self.active else self._inactive_reason
            raise unauthorized(field="X-PARTNER-ID", reason=reason)

    def require_call_signature(self, call: Call, signature: str) -> str:
        """Verify the signature of a call.

        Returns:
            The fingerprint of the key that verifies it, or `SIGNED_BY_SECRET`.

        Raises:
            SnapError: 401 00. The reason distinguishes a wrong signature from a signed body that was not forwarded.
        """
        signer = self._signer_of(call, signature)
        if signer is None:
            is_body_missing = self.client_secret is not None and call.lacks_body
            reason = "call.body_not_forwarded" if is_body_missing else "signature.mismatch"
            raise unauthorized(field="X-SIGNATURE", reason=reason)
        return signer

    def _signer_of(self, call: Call, signature: str) -> str | None:
        if self.client_secret is not None:
            # Every secret is tried, so the time does not reveal which of them matched.
            matches = [call.is_signed_with(secret, signature) for secret in self.secrets]
            return SIGNED_BY_SECRET if any(matches) else None
        # NICEPAY's documents print the same string to sign as for the token request (NICO, X-SIGNATURE).
        verified = verify_each(self.public_keys, string_to_sign(self.key, call.timestamp), signature)
        return self.fingerprints[verified.index(True)] if any(verified) else None

    @property
    def _inactive_reason(self) -> str:
        return "client.suspended" if self.known else "client.unknown"


class Clients:
    """The clients of the settings, and one client that stands for every unknown client.

    A refusal takes the same time for all clients. Each client is padded with dummy keys, until it has as many keys of
    each shape (size and exponent) as the client that has the most keys of that shape. The unknown client has only dummy
    keys.
    """

    def __init__(
        self, clients: Sequence[Client], dummy_key: Callable[[RSAPublicKey], RSAPublicKey] = dummy_key_like
    ) -> None:
        """`dummy_key` returns a key of the same shape as another. Nobody has its private key."""
        samples = {_shape_of(key): key for client in clients for key in client.public_keys}
        shapes = {client.key: Counter(map(_shape_of, client.public_keys)) for client in clients}
        largest = reduce(or_, shapes.values())
        # Each dummy key is its own object, because verifying with one object several times would be faster.
        dummies = {shape: [dummy_key(key) for _ in range(largest[shape])] for shape, key in samples.items()}

        def padding(own: Counter[_KeyShape]) -> tuple[RSAPublicKey, ...]:
            return tuple(chain.from_iterable(dummies[shape][:number] for shape, number in (largest - own).items()))

        self.widest_tolerance = max(client.clock_tolerance for client in clients)
        self._unknown_client = Client("", (), self.widest_tolerance, padding(Counter()), known=False)
        self._by_key = {client.key: replace(client, padding=padding(shapes[client.key])) for client in clients}
        self._suspended = {key: replace(client, suspended=True) for key, client in self._by_key.items()}

    def __contains__(self, client_key: str) -> bool:
        """Whether the settings have this client."""
        return client_key in self._by_key

    def __iter__(self) -> Iterator[Client]:
        """The clients of the settings, in their order."""
        return iter(self._by_key.values())

    def __len__(self) -> int:
        """The number of clients in the settings."""
        return len(self._by_key)

    def find(self, client_key: str, *, suspended: bool = False) -> Client:
        """Return the client of that key, or the unknown client.

        `suspended` suspends the client. False does not resume a client that the settings suspend.
        """
        clients = self._suspended if suspended else self._by_key
        return clients.get(client_key, self._unknown_client)


def _shape_of(key: RSAPublicKey) -> _KeyShape:
    """The time of a verification depends on the size and on the exponent."""
    return key.key_size, key.public_numbers().e
