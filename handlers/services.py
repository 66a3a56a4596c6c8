"""What a handler needs beyond the request, made once at start and never changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from handlers.snap.client import Clients
from handlers.snap.token import TokenKeys


@dataclass(frozen=True, slots=True)
class Services:
    """The clock (aware, UTC), the clients and the token keys."""

    now: Callable[[], datetime]
    clients: Clients
    token_keys: TokenKeys
