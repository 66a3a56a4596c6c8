"""What a handler needs beyond the request: one frozen object, made anew when keys or clients change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from handlers.snap.client import Client, Clients
from handlers.snap.token import TokenKeys
from handlers.state.port import State
from handlers.state.revocations import Revocations
from handlers.state.when_down import WhenDown

Repeat = Literal["same-span", "refuse"]
"""What a repeat of a signed request gets: a token that ends when the first one ends, or a conflict."""


@dataclass(frozen=True, slots=True)
class Services:
    """The clock (aware, UTC), the clients, the token keys, the state that instances share, and what the settings say.

    `when_down` knows whether the state is up. `service_codes` are those of the merchant's paths; `service_methods` are
    their methods: a path that is not in it takes only POST. `accel_redirect` is the location to which nginx sends a
    genuine call; None if nginx does not deliver. If there are `internal_secrets`, callers of the internal listener must
    send one.
    """

    now: Callable[[], datetime]
    clients: Clients
    token_keys: TokenKeys
    state: State
    revocations: Revocations
    when_down: WhenDown
    repeat: Repeat = "same-span"
    service_codes: Mapping[str, str] = field(default_factory=dict)
    service_methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accel_redirect: str | None = None
    internal_secrets: tuple[bytes, ...] = field(default=(), repr=False)

    def client(self, client_key: str) -> Client:
        """The client of that key, or the stand-in. It is suspended if the settings or the state say so."""
        return self.clients.find(client_key, suspended=self.revocations.is_suspended(client_key))
