"""What the doctor is told about the merchant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handlers.snap.client import Client, Clients
from handlers.snap.service import DEFAULT_METHODS
from handlers.snap.token import TokenKeys

LARGEST_CALL_BODY = 262_144
"""Bytes, unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class MerchantContext:
    """The moment to judge as of (aware), the settings' clients and keys, and the paths that are served.

    `call_methods` are the methods that a path of calls takes; a path that is not in it takes only POST. `secrets`
    are the clients' secrets by client key, whichever form of signature is agreed with them. `used` are the marks
    (`handlers.snap.repeat`) of the calls that came before. `internal_secrets` are those that a proxy may send; if there
    are none, it needs none. A call's body has at most `largest_call_body` bytes. `delivers` says whether the
    settings tell a proxy where a genuine call goes (`internal.accel_redirect`).
    """

    now: datetime
    clients: Clients
    token_keys: TokenKeys = field(repr=False)
    token_path: str
    call_paths: frozenset[str] = frozenset()
    call_methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, Sequence[bytes]] = field(default_factory=dict, repr=False)
    used: frozenset[str] = frozenset()
    internal_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    largest_call_body: int = LARGEST_CALL_BODY
    delivers: bool = False

    @property
    def client_keys(self) -> str:
        """Who is known, for a person to read."""
        return ", ".join(client.key for client in self.clients)

    @property
    def call_places(self) -> str:
        """Which paths take calls, for a person to read."""
        return ", ".join(sorted(self.call_paths)) or "-"

    def methods_at(self, call_path: str) -> tuple[str, ...]:
        """The methods that a path of calls takes."""
        return self.call_methods.get(call_path, DEFAULT_METHODS)

    def of_partner(self, partner_id: str) -> Client | None:
        """The client whose calls carry this X-PARTNER-ID."""
        return next((client for client in self.clients if client.partner_id == partner_id), None)
