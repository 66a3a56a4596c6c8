"""What a handler needs beyond the request: one frozen object, made anew when keys or clients change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from handlers.snap.client import Clients
from handlers.snap.token import TokenKeys
from handlers.state.port import State

Repeat = Literal["same-span", "refuse"]
"""What a repeat of a signed request gets: a token that ends when the first one ends, or a conflict."""


class Revocations(Protocol):
    """What has been taken back. It is asked of a copy in memory, and told to the state that instances share."""

    def is_revoked(self, client_key: str, fingerprint: str, issued_at: datetime) -> bool:
        """Whether this token, or all that its client was issued up to then, have been taken back.

        Raises:
            SnapError: as `require_fresh` does.
        """

    def require_fresh(self) -> None:
        """Refuse to judge by a copy that is too old.

        Raises:
            SnapError: 500 02, the engine is down, and the settings say to refuse then.
        """

    async def revoke_token(self, fingerprint: str, ttl_seconds: int) -> None:
        """Take back one token, and remember it for so long.

        Raises:
            SnapError: 500 02, the engine is down, whatever the settings say.
        """

    async def revoke_client(self, client_key: str, ttl_seconds: int) -> None:
        """Take back all that the client was issued up to now, and remember it for so long.

        Raises:
            SnapError: 500 02, the engine is down, whatever the settings say.
        """


@dataclass(frozen=True, slots=True)
class Services:
    """The clock (aware, UTC), the clients, the token keys, the state that instances share, and what the settings say.

    `service_codes` are those of the merchant's paths. `accel_redirect` is the location that nginx sends a genuine call
    on to; None if it is not asked to.
    """

    now: Callable[[], datetime]
    clients: Clients
    token_keys: TokenKeys
    state: State
    revocations: Revocations
    repeat: Repeat = "same-span"
    service_codes: Mapping[str, str] = field(default_factory=dict)
    accel_redirect: str | None = None
