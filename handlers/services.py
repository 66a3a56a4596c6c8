"""What a handler needs beyond the request: one frozen object. A reload of the settings builds a new one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from handlers.audit.writer import TrailWriter
from handlers.decision_notes import note
from handlers.request_limits import RequestLimits
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.codes import EXTERNAL_SERVER_ERROR, SnapError
from handlers.snap.networks import Address
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from handlers.state.outage import RETRY_AFTER_SECONDS, OutagePolicy
from handlers.state.port import State
from handlers.state.revocation_cache import RevocationCache
from handlers.timing import Timer, untimed

_ADVICE = (
    "no trusted proxy gives the address of the caller: list your proxies in [server] trusted_proxies, and let them set "
    "X-Forwarded-For or Forwarded, and remove the other"
)

Repeat = Literal["same-span", "refuse"]
"""How a repeat of a signed token request is answered: with a token that expires when the first one expires, or 409."""


async def _no_metrics(_accept: str) -> tuple[bytes, Mapping[str, str]]:
    return b"", {}


def _never() -> bool:
    return False


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
        request_limits: How many requests a minute are answered, of a client and from an address.
        called_services: The merchant's services that acquirers call, by path.
        accel_redirect: The location to which nginx sends a genuine call. None if nginx does not deliver calls.
        internal_secrets: Callers of the internal listener must send one of them. If there are none, callers need none.
        audit_trail: The audit trail. None if the settings have none.
        is_draining: Returns whether the process got a stop signal.
        settings_refused: Whether the settings on disk are newer than these services, and were refused.
        certificate_end: When the first certificate of a listener expires. None if no listener has TLS.
        time_verification: Measures the verification of a signature.
        metrics: Returns the metrics page and its headers, for the value of the header Accept.
    """

    now: Callable[[], datetime]
    clients: Clients
    token_keys: TokenKeys
    state: State
    revocations: RevocationCache
    outage_policy: OutagePolicy
    repeat: Repeat = "same-span"
    request_limits: RequestLimits = field(default_factory=RequestLimits)
    called_services: Mapping[str, Service] = field(default_factory=dict)
    accel_redirect: str | None = None
    internal_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    audit_trail: TrailWriter | None = None
    is_draining: Callable[[], bool] = _never
    settings_refused: bool = False
    certificate_end: datetime | None = None
    time_verification: Timer = untimed
    metrics: Callable[[str], Awaitable[tuple[bytes, Mapping[str, str]]]] = _no_metrics

    def require_audit_trail(self) -> None:
        """Require that the decision can be recorded. Handlers call this before they change the state store.

        So a caller that is refused for this reason can send the same request again.

        Raises:
            SnapError: 500 02 if the audit trail cannot be written, and the settings refuse requests then.
        """
        trail = self.audit_trail
        if trail and not (trail.continues or trail.up):
            raise audit_trail_down()

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


def audit_trail_down() -> SnapError:
    """Return 500 02 with Retry-After: the decision cannot be written to the audit trail."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return SnapError(EXTERNAL_SERVER_ERROR, reason="audit.down", headers=headers)
