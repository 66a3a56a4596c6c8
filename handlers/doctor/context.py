"""What the doctor knows about the merchant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.service import DEFAULT_FORMS, Service
from handlers.snap.token import TokenKeys

LARGEST_CALL_BODY = 262_144
"""Bytes. The default of `[internal] body_limit_bytes`."""


@dataclass(frozen=True, slots=True)
class MerchantContext:
    """The time, and the settings of the merchant that the checks need.

    Attributes:
        now: The time to judge by, with its offset from UTC.
        clients: The clients of the settings.
        token_keys: The keys that open tokens.
        token_path: The path of the token endpoint.
        called_services: The merchant's services that acquirers call, by path.
        secrets: The client secrets by client key, for both forms of signature.
        used_replay_keys: The replay keys of earlier genuine calls (see `handlers.snap.replay_key`).
        internal_secrets: The secrets that a proxy may send. If there are none, the proxy needs none.
        largest_call_body: The most bytes that the body of a call may have.
        has_accel_redirect: Whether the settings have `[internal] accel_redirect`.
    """

    now: datetime
    clients: Clients
    token_keys: TokenKeys = field(repr=False)
    token_path: str
    called_services: Mapping[str, Service] = field(default_factory=dict)
    secrets: Mapping[str, Sequence[bytes]] = field(default_factory=dict, repr=False)
    used_replay_keys: frozenset[str] = frozenset()
    internal_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    largest_call_body: int = LARGEST_CALL_BODY
    has_accel_redirect: bool = False

    def service_at(self, call_path: str) -> Service:
        """Return the service of a path, or one without particulars."""
        return self.called_services.get(call_path, Service("00"))

    @property
    def client_keys_text(self) -> str:
        """All client keys, as text for a message."""
        return ", ".join(client.key for client in self.clients)

    @property
    def partner_ids_text(self) -> str:
        """All X-PARTNER-IDs, as text for a message."""
        return ", ".join(partner_id for client in self.clients for partner_id in client.partner_ids)

    @property
    def call_paths_text(self) -> str:
        """All paths of calls, as text for a message."""
        return ", ".join(sorted(self.called_services)) or "-"

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that a client may sign: those of calls and of the token endpoint."""
        return (*self.called_services, self.token_path)

    def forms_at(self, call_path: str) -> tuple[CallForm, ...]:
        """Return the forms of call that a path accepts."""
        service = self.called_services.get(call_path)
        return service.forms if service else DEFAULT_FORMS

    def client_of_partner(self, partner_id: str) -> Client | None:
        """Return the client with this X-PARTNER-ID, or None."""
        return next((client for client in self.clients if partner_id in client.partner_ids), None)
