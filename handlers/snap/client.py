"""Clients: who may ask for a token, how they sign, and how far their clock may be off."""

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
"""In place of a key's fingerprint, if a client's secret has signed."""

_Shape = tuple[int, int]

# The caller is not told which of the two it was: that would tell it which clients there are.
_EITHER = "X-CLIENT-KEY or X-SIGNATURE"


@dataclass(frozen=True, slots=True)
class Client:
    """One X-CLIENT-KEY; several keys may be valid at once.

    `padding` are keys that verify nothing: they make refusing this client as much work as refusing any other. `known`
    is false for the stand-in of unknown clients. `partner_id` is X-PARTNER-ID of its calls, the key if none is given.
    A client with a secret signs its calls symmetrically; while the secret is being changed, `former_secrets` are
    accepted too. `fingerprints` are those of the public keys.
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

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring says which values are filled in
        if not self.partner_id:
            object.__setattr__(self, "partner_id", self.key)
        object.__setattr__(self, "fingerprints", tuple(map(fingerprint, self.public_keys)))

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign its calls, the newest first; none if its key pair signs them."""
        return () if self.client_secret is None else (self.client_secret, *self.former_secrets)

    @property
    def active(self) -> bool:
        """Whether the client may do anything at all."""
        return self.known and not self.suspended

    def require_signature(self, client_key: str, timestamp: str, signature: str) -> str:
        """Hold the signature of a request for a token against the header values as they were sent.

        Returns the fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, alike for an unknown client, a suspended one, and a signature that no key verifies.
        """
        message = string_to_sign(client_key, timestamp)
        verified = verify_each(self.public_keys, message, signature)
        genuine = any(verified)
        if not (genuine and self.active):
            verifies(self.padding, message, signature)
            reason = "signature.mismatch" if self.known and not genuine else self._inactive
            raise unauthorized(field=_EITHER, reason=reason)
        return self.fingerprints[verified.index(True)]

    def require_partner(self, partner_id: str) -> None:
        """Hold X-PARTNER-ID of a call against the client that its token belongs to.

        Raises:
            SnapError: 401 00, alike for a client that is known no more, a suspended one, and another's partner id.
        """
        if not (self.active and partner_id == self.partner_id):
            reason = "partner.mismatch" if self.active else self._inactive
            raise unauthorized(field="X-PARTNER-ID", reason=reason)

    def require_call_signature(self, call: Call, signature: str) -> str:
        """Hold the signature of a call against it.

        Returns the fingerprint of the key that verifies it, or SIGNED_BY_SECRET.

        Raises:
            SnapError: 401 00; the reason tells a wrong signature from a body that is signed and did not come along.
        """
        signer = self._signer_of(call, signature)
        if signer is None:
            lacking = self.client_secret is not None and call.lacks_body
            reason = "call.body_not_forwarded" if lacking else "signature.mismatch"
            raise unauthorized(field="X-SIGNATURE", reason=reason)
        return signer

    def _signer_of(self, call: Call, signature: str) -> str | None:
        if self.client_secret is not None:
            # Every secret is tried, so the time taken does not tell which of them it was.
            signed = [call.is_signed_with(secret, signature) for secret in self.secrets]
            return SIGNED_BY_SECRET if any(signed) else None
        # As NICEPAY prints it: over the same string as the request for a token (NICO, X-SIGNATURE).
        verified = verify_each(self.public_keys, string_to_sign(self.key, call.timestamp), signature)
        return self.fingerprints[verified.index(True)] if any(verified) else None

    @property
    def _inactive(self) -> str:
        return "client.suspended" if self.known else "client.unknown"


class Clients:
    """The clients of the settings, and one stand-in that takes the place of any other.

    Refusing is the same work for all clients. Each is padded with keys that nobody holds, until it has as many keys of
    each shape (size and exponent) as the client that has the most of that shape. The stand-in has only such keys.
    """

    def __init__(
        self, clients: Sequence[Client], dummy_key: Callable[[RSAPublicKey], RSAPublicKey] = dummy_key_like
    ) -> None:
        """`dummy_key` gives a key of the same shape as another; nobody holds its private half."""
        samples = {_shape(key): key for client in clients for key in client.public_keys}
        shapes = {client.key: Counter(map(_shape, client.public_keys)) for client in clients}
        most = reduce(or_, shapes.values())
        # Each dummy is an object of its own: one object that is used several times would be faster.
        dummies = {shape: [dummy_key(key) for _ in range(most[shape])] for shape, key in samples.items()}

        def padding(own: Counter[_Shape]) -> tuple[RSAPublicKey, ...]:
            return tuple(chain.from_iterable(dummies[shape][:number] for shape, number in (most - own).items()))

        self.widest_tolerance = max(client.clock_tolerance for client in clients)
        self._stand_in = Client("", (), self.widest_tolerance, padding(Counter()), known=False)
        self._by_key = {client.key: replace(client, padding=padding(shapes[client.key])) for client in clients}
        self._suspended = {key: replace(client, suspended=True) for key, client in self._by_key.items()}

    def __contains__(self, client_key: str) -> bool:
        """Whether the settings know the client."""
        return client_key in self._by_key

    def __iter__(self) -> Iterator[Client]:
        """Those that the settings know, in their order."""
        return iter(self._by_key.values())

    def __len__(self) -> int:
        """How many the settings know."""
        return len(self._by_key)

    def find(self, client_key: str, *, suspended: bool = False) -> Client:
        """The client of that key, or the stand-in. `suspended` suspends it, and never lifts what the settings say."""
        clients = self._suspended if suspended else self._by_key
        return clients.get(client_key, self._stand_in)


def _shape(key: RSAPublicKey) -> _Shape:
    """Bits and exponent: the time of a verification depends on them."""
    return key.key_size, key.public_numbers().e
