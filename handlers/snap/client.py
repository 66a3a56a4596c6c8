"""A client: whether it may request a token, how it signs, and how far its clock may differ from ours."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from handlers.snap.call import Call, signs_one_of
from handlers.snap.codes import unauthorized
from handlers.snap.networks import Address, Network, contains
from handlers.snap.particulars import USUAL, Particulars
from handlers.snap.signature import string_to_sign
from handlers.snap.verification_keys import Keys, VerificationKeys

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
        partner_ids: Every X-PARTNER-ID that its calls may have. It is `key` if the settings give none.
        client_secret: The secret that signs its calls, for the symmetric signature. Without it, its key pair signs.
        former_secrets: Older secrets that are still accepted while the client changes its secret.
        suspended: Whether the settings or the state store suspend it.
        notification_keys: The keys that verify its notifications, and nothing else.
        notification_padding: Dummy keys, as `padding`.
        particulars: What differs between acquirers in its calls.
        secret_padding: Dummy secrets, as `padding`. See `Clients`.
        allowed_networks: The networks from which it may send requests. If there are none, it may send from everywhere.
        unknown_reason: Why an unknown client is refused, for the log.
    """

    key: str
    public_keys: Keys
    clock_tolerance: timedelta
    padding: Keys = ()
    known: bool = True
    partner_ids: tuple[str, ...] = ()
    client_secret: bytes | None = field(default=None, repr=False)
    former_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    suspended: bool = False
    notification_keys: Keys = ()
    notification_padding: Keys = ()
    particulars: Particulars = USUAL
    secret_padding: tuple[bytes, ...] = field(default=(), repr=False)
    allowed_networks: tuple[Network, ...] = ()
    unknown_reason: str = "client.unknown"
    _calls: VerificationKeys = field(init=False, repr=False)
    _notifications: VerificationKeys = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring describes the attributes
        if not self.partner_ids:
            object.__setattr__(self, "partner_ids", (self.key,))
        notifications = VerificationKeys(self.notification_keys, self.notification_padding)
        object.__setattr__(self, "_calls", VerificationKeys(self.public_keys, self.padding))
        object.__setattr__(self, "_notifications", notifications)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign its calls, the newest first. Empty if its key pair signs them."""
        return () if self.client_secret is None else (self.client_secret, *self.former_secrets)

    @property
    def secrets_without_token(self) -> tuple[bytes, ...]:
        """The secrets that may sign its calls without a token. Empty if its key pair signs them."""
        return self.secrets if self.particulars.empty_token_slot else ()

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

        If the client leaves the token empty between its colons, its secret must have signed the call.

        Returns:
            The fingerprint of the key that verifies it, or `SIGNED_BY_SECRET`.

        Raises:
            SnapError: 401 00, the same for an unknown client, a suspended client, and a wrong signature.
        """
        messages = list(dict.fromkeys(self.particulars.as_signed(call).strings_to_sign()))
        # Both are computed for every client, so the time does not reveal which of them signs with its secret.
        by_secret = self._secret_that_signs(messages, signature)
        by_key = self._calls.signer(messages, signature)
        signer = by_secret if self.secrets_without_token else by_key
        return self._accepted(self._calls, signer, messages, signature, _EITHER_OF_PARTNER)

    def _secret_that_signs(self, messages: list[bytes], signature: str) -> str | None:
        secrets = (*self.secrets_without_token, *self.secret_padding)
        matches = [signs_one_of(secret, messages, signature) for secret in secrets]
        return SIGNED_BY_SECRET if any(matches[: len(self.secrets_without_token)]) else None

    def _require_signer(self, keys: VerificationKeys, messages: list[bytes], signature: str, blamed: str) -> str:
        return self._accepted(keys, keys.signer(messages, signature), messages, signature, blamed)

    def _accepted(
        self, keys: VerificationKeys, signer: str | None, messages: list[bytes], signature: str, blamed: str
    ) -> str:
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
        if not (self.active and partner_id in self.partner_ids):
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
            signed = self.particulars.as_signed(call)
            matches = [signed.is_signed_with(secret, signature) for secret in self.secrets]
            return SIGNED_BY_SECRET if any(matches) else None
        # NICEPAY's documents print the same string to sign as for the token request (NICO, X-SIGNATURE).
        return self._calls.signer([string_to_sign(self.key, call.timestamp)], signature)

    @property
    def _inactive_reason(self) -> str:
        return "client.suspended" if self.known else self.unknown_reason
