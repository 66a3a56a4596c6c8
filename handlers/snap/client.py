"""Clients: who may request a token, how they sign, and how far their clock may differ from ours."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from handlers.snap.call import Call
from handlers.snap.codes import unauthorized
from handlers.snap.dummy_keys import dummy_key_like
from handlers.snap.networks import Address, Network, contains
from handlers.snap.signature import string_to_sign
from handlers.snap.verification_keys import Keys, MakeDummyKey, VerificationKeys, paddings

CLIENT_KEY = re.compile(r"[!-~]{1,36}")
"""1 to 36 visible ASCII characters (ASPI, X-CLIENT-KEY)."""

SIGNED_BY_SECRET = "secret"  # noqa: S105  a word for the log, no secret
"""The log shows this in place of a key's fingerprint, if the client signed with its secret."""

# The answer does not say which of the two is wrong. Otherwise a caller could find out which clients exist.
_EITHER = "X-CLIENT-KEY or X-SIGNATURE"
_EITHER_OF_PARTNER = "X-PARTNER-ID or X-SIGNATURE"


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        key: Its X-CLIENT-KEY.
        public_keys: The keys that verify its signatures, except those of notifications. Several may be valid at once.
        clock_tolerance: How far X-TIMESTAMP may be from our clock, in either direction.
        padding: Dummy keys. They make a refusal of this client take as long as a refusal of any other client.
        known: False only for the client that stands for every unknown client.
        partner_id: The X-PARTNER-ID of its calls. It is `key` if the settings give none.
        client_secret: The secret that signs its calls, for the symmetric signature. Without it, its key pair signs.
        former_secrets: Older secrets that are still accepted while the client changes its secret.
        suspended: Whether the settings or the state store suspend it.
        notification_keys: The keys that verify its notifications, and nothing else.
        notification_padding: Dummy keys, as `padding`.
        allowed_networks: The networks from which it may send requests. If there are none, it may send from everywhere.
        unknown_reason: Why an unknown client is refused, for the log.
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
    allowed_networks: tuple[Network, ...] = ()
    unknown_reason: str = "client.unknown"
    _calls: VerificationKeys = field(init=False, repr=False)
    _notifications: VerificationKeys = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring describes the attributes
        if not self.partner_id:
            object.__setattr__(self, "partner_id", self.key)
        notifications = VerificationKeys(self.notification_keys, self.notification_padding)
        object.__setattr__(self, "_calls", VerificationKeys(self.public_keys, self.padding))
        object.__setattr__(self, "_notifications", notifications)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign its calls, the newest first. Empty if its key pair signs them."""
        return () if self.client_secret is None else (self.client_secret, *self.former_secrets)

    @property
    def active(self) -> bool:
        """Whether the client may make requests."""
        return self.known and not self.suspended

    def may_send_from(self, address: Address | None) -> bool:
        """Whether the client may send requests from this address. None is an unknown address."""
        return not self.allowed_networks or contains(self.allowed_networks, address)

    def require_signature(self, client_key: str, timestamp: str, signature: str) -> str:
        """Verify the signature of a token request over the header values as the client sent them.

        Returns:
            The fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, the same for an unknown client, a suspended client, and a wrong signature.
        """
        return self._require_signer(self._calls, [string_to_sign(client_key, timestamp)], signature, _EITHER)

    def require_notification_signature(self, client_key: str, timestamp: str, signature: str) -> str:
        """Verify the signature of a notification with the notification keys.

        Returns:
            The fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, the same for an unknown client, a suspended client, and a wrong signature.
        """
        return self._require_signer(self._notifications, [string_to_sign(client_key, timestamp)], signature, _EITHER)

    def require_body_signature(self, call: Call, signature: str) -> str:
        """Verify the signature of a body-signed call (ASPI, asymmetric signature without token).

        Returns:
            The fingerprint of the key that verifies it.

        Raises:
            SnapError: 401 00, the same for an unknown client, a suspended client, and a wrong signature.
        """
        messages = list(dict.fromkeys(call.strings_to_sign()))
        return self._require_signer(self._calls, messages, signature, _EITHER_OF_PARTNER)

    def _require_signer(self, keys: VerificationKeys, messages: list[bytes], signature: str, blamed: str) -> str:
        signer = keys.signer(messages, signature)
        if not (signer and self.active):
            keys.spend_padding(messages, signature)
            mismatch = "signature.mismatch" if keys.own else "client.without_notification_keys"
            raise unauthorized(field=blamed, reason=mismatch if self.known and not signer else self._inactive_reason)
        return signer

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
        return self._calls.signer([string_to_sign(self.key, call.timestamp)], signature)

    @property
    def _inactive_reason(self) -> str:
        return "client.suspended" if self.known else self.unknown_reason


class Clients:
    """The clients of the settings, and one client that stands for every unknown client.

    A refusal takes the same time for all clients. Each client is padded with dummy keys, until it has as many keys of
    each shape (size and exponent) as the client that has the most keys of that shape. The unknown client has only dummy
    keys. The same holds for the notification keys.

    Attributes:
        widest_tolerance: The widest clock tolerance of all clients.
        from_other_network: Stands for a client that sends from an address that it may not send from. It is an unknown
            client with another reason, so that the caller cannot find out which clients exist.
    """

    def __init__(self, clients: Sequence[Client], dummy_key: MakeDummyKey = dummy_key_like) -> None:
        """`dummy_key` returns a key of the same shape as another. Nobody has its private key."""
        calls, all_of_calls = paddings([client.public_keys for client in clients], dummy_key)
        notifications, all_of_notifications = paddings([client.notification_keys for client in clients], dummy_key)
        self.widest_tolerance = max(client.clock_tolerance for client in clients)
        self._unknown_client = Client(
            "", (), self.widest_tolerance, all_of_calls, known=False, notification_padding=all_of_notifications
        )
        self.from_other_network = replace(self._unknown_client, unknown_reason="client.address_not_allowed")
        self._by_key = {
            client.key: replace(client, padding=padding, notification_padding=notification_padding)
            for client, padding, notification_padding in zip(clients, calls, notifications, strict=True)
        }
        self._by_partner_id = {client.partner_id: client.key for client in clients}
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

    def key_of_partner(self, partner_id: str) -> str:
        """Return the client key for an X-PARTNER-ID. It is empty if no client has that X-PARTNER-ID.

        If a service accepts body-signed calls, the settings make sure that no two clients share one.
        """
        return self._by_partner_id.get(partner_id, "")
