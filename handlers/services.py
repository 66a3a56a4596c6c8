"""What a handler needs beyond the request: one frozen object. A reload of the settings builds a new one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from handlers.decision_notes import note
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.networks import Address
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from handlers.state.outage import OutagePolicy
from handlers.state.port import State
from handlers.state.revocation_cache import RevocationCache

_ADVICE = (
    "no trusted proxy gives the address of the caller: list your proxies in [server] trusted_proxies, and let them set "
    "X-Forwarded-For or Forwarded, and remove the other"
)

Repeat = Literal["same-span", "refuse"]
"""How a repeat of a signed token request is answered: with a token that expires when the first one expires, or 409."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a handler needs beyond the request.

    Attributes:
        now: The clock. It returns aware times in UTC.
        clients: The clients of the settings.
        token_keys: The keys that issue and verify tokens.
        state: The state store that all instances share.
        revocations: The copy in memory of revoked tokens and suspended clients.
        outage_policy: How requests are handled while the state store is down. It also knows whether the store is up.
        repeat: How a repeated token request is answered.
        called_services: The merchant's services that acquirers call, by path.
        accel_redirect: The location to which nginx sends a genuine call. None if nginx does not deliver calls.
        internal_secrets: Callers of the internal listener must send one of them. If there are none, callers need none.
    """

    now: Callable[[], datetime]
    clients: Clients
    token_keys: TokenKeys
    state: State
    revocations: RevocationCache
    outage_policy: OutagePolicy
    repeat: Repeat = "same-span"
    called_services: Mapping[str, Service] = field(default_factory=dict)
    accel_redirect: str | None = None
    internal_secrets: tuple[bytes, ...] = field(default=(), repr=False)

    def client(self, client_key: str) -> Client:
        """Return the client of that key, or the unknown client. Settings or state store may have suspended it."""
        return self.clients.find(client_key, suspended=self.revocations.is_suspended(client_key))

    def sender(self, client_key: str, caller: Address | None) -> Client:
        """Return the client of that key, or the unknown client if it may not send from the address of the caller.

        `caller` is None if the address is unknown. Then the log says what to set.
        """
        client = self.client(client_key)
        if client.may_send_from(caller):
            return client
        if caller is None:
            note(advice=_ADVICE)
        return self.clients.from_other_network

    def sender_of_partner(self, partner_id: str, caller: Address | None) -> Client:
        """Return the client with that X-PARTNER-ID, or the unknown client. See `sender`."""
        return self.sender(self.clients.key_of_partner(partner_id), caller)
