"""Clients: who may ask for a token, how they sign, and how far their clock may be off."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from handlers.snap.call import Call
from handlers.snap.codes import unauthorized
from handlers.snap.dummy_keys import dummy_key_like
from handlers.snap.signature import string_to_sign
from handlers.snap.verification_keys import DummyKey, Keys, VerificationKeys, paddings

CLIENT_KEY = re.compile(r"[!-~]{1,36}")
"""1 to 36 visible ASCII characters (ASPI, X-CLIENT-KEY)."""

SIGNED_BY_SECRET = "secret"  # noqa: S105  a word for the log, no secret
"""In place of a key's fingerprint, if a client's secret has signed."""

# The caller is not told which of the two it was: that would tell it which clients there are.
_EITHER = "X-CLIENT-KEY or X-SIGNATURE"
_EITHER_OF_PARTNER = "X-PARTNER-ID or X-SIGNATURE"


@dataclass(frozen=True, slots=True)
class Client:
    """One X-CLIENT-KEY; several keys may be valid at once.

    `public_keys` verify its requests for a token and its calls, `notification_keys` its notifications, and neither the
    other. `padding` and `notification_padding` are keys that verify nothing: they make refusing this client as much
    work as refusing any other. `known` is false for the stand-in of unknown clients. `partner_id` is X-PARTNER-ID of its
    calls, the key if none is given. A client with a secret signs its calls with a token symmetrically; while the secret
    is being changed, `former_secrets` are accepted too.
    """

    key: str
    public_keys: Keys
    clock_tolerance: timedelta
    padding: Keys = ()
    known: bool = True
    partner_id: str = ""
    client_secret: bytes | None = field(default=None, repr=False)
    former_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    suspended: bool = False
    notification_keys: Keys = ()
    notification_padding: Keys = ()
    _for_calls: VerificationKeys = field(init=False, repr=False)
    _for_notifications: VerificationKeys = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring says which values are filled in
        if not self.partner_id:
            object.__setattr__(self, "partner_id", self.key)
        notifying = VerificationKeys(self.notification_keys, self.notification_padding)
        object.__setattr__(self, "_for_calls", VerificationKeys(self.public_keys, self.padding))
        object.__setattr__(self, "_for_notifications", notifying)

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
        return self._require(self._for_calls, [string_to_sign(client_key, timestamp)], signature, _EITHER)

    def require_notification_signature(self, client_key: str, timestamp: str, signature: str) -> str:
        """Hold the signature of a notification against its header values, with the keys for notifications alone.

        Returns the fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, alike for an unknown client, a suspended one, and a signature that no key verifies.
        """
        return self._require(self._for_notifications, [string_to_sign(client_key, timestamp)], signature, _EITHER)

    def require_body_signature(self, call: Call, signature: str) -> str:
        """Hold the signature of a call without a token against method, URI, body and time (ASPI, without token).

        Returns the fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, alike for an unknown client, a suspended one, and a signature that no key verifies.
        """
        messages = list(dict.fromkeys(call.strings_to_sign()))
        return self._require(self._for_calls, messages, signature, _EITHER_OF_PARTNER)

    def _require(self, keys: VerificationKeys, messages: list[bytes], signature: str, blamed: str) -> str:
        signer = keys.signer(messages, signature)
        if not (signer and self.active):
            keys.pretend(messages, signature)
            mismatch = "signature.mismatch" if keys.own else "client.without_notification_keys"
            raise unauthorized(field=blamed, reason=mismatch if self.known and not signer else self._inactive)
        return signer

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
        return self._for_calls.signer([string_to_sign(self.key, call.timestamp)], signature)

    @property
    def _inactive(self) -> str:
        return "client.suspended" if self.known else "client.unknown"


class Clients:
    """The clients of the settings, and one stand-in that takes the place of any other.

    Refusing is the same work for all clients. Each is padded with keys that nobody holds, until it has as many keys of
    each shape (size and exponent) as the client that has the most of that shape. The stand-in has only such keys. The
    same holds for the keys for notifications.
    """

    def __init__(self, clients: Sequence[Client], dummy_key: DummyKey = dummy_key_like) -> None:
        """`dummy_key` gives a key of the same shape as another; nobody holds its private half."""
        calling, all_of_calls = paddings([client.public_keys for client in clients], dummy_key)
        notifying, all_of_notifications = paddings([client.notification_keys for client in clients], dummy_key)
        self.widest_tolerance = max(client.clock_tolerance for client in clients)
        self._stand_in = Client(
            "", (), self.widest_tolerance, all_of_calls, known=False, notification_padding=all_of_notifications
        )
        self._by_key = {
            client.key: replace(client, padding=padding, notification_padding=other)
            for client, padding, other in zip(clients, calling, notifying, strict=True)
        }
        self._by_partner = {client.partner_id: client.key for client in clients}
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

    def key_of_partner(self, partner_id: str) -> str:
        """The client key of X-PARTNER-ID, empty for an unknown one.

        The settings hold that no two clients share it, if a service admits calls that name their client by it.
        """
        return self._by_partner.get(partner_id, "")
