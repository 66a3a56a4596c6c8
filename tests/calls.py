"""Calls with an access token as NICEPAY sends them, and the merchant's services, for tests without a socket."""

import asyncio
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest

from cryptography.fernet import Fernet

from handlers.services import Services
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from handlers.state.memory import MemoryState
from handlers.state.outage import GuardedState, OutagePolicy
from handlers.state.port import Engine, State
from handlers.state.revocation_cache import RevocationCache
from tests.engines import BreakableState
from tests.merchant import NOON, Clock
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

URI = "/api/v1.0/transfer-va/inquiry?page=1"
PAYMENT_URI = "/api/v1.0/transfer-va/payment"
"""The path of a service that names no methods, so it takes POST only."""
BODY = b'{ "payNo": "1 2", "amount": 10.00 }'
SECRET = b"a secret of this test"
PARTNER = "PARTNER"


def _copy_of(engine: State) -> RevocationCache:
    outage_policy = OutagePolicy("refuse")
    return RevocationCache(GuardedState(engine, outage_policy), outage_policy, Clock(), lambda: 0.0)


def loaded_revocations(engine: Engine | None = None, *, revoked: str = "", suspended: str = "") -> RevocationCache:
    """An instance's copy of the revocations, just loaded from the state store.

    At noon the subject `revoked` was revoked, and the client `suspended` was suspended.
    """
    engine = engine or MemoryState()
    copy = _copy_of(engine)

    async def read() -> None:
        if revoked:
            await engine.revoke(revoked, NOON, ttl_seconds=1)
        if suspended:
            await engine.suspend(suspended, NOON)
        await copy.refresh()

    asyncio.run(read())
    return copy


def unloaded_revocations() -> RevocationCache:
    """A copy of the revocations that was never loaded, because the state store is unavailable."""
    engine = BreakableState()
    engine.up = False
    return _copy_of(engine)


def client_of(nicepay: Nicepay, client_key: str = CLIENT_KEY, seconds: int = 300) -> Client:
    """A client with NICEPAY's public key and a clock tolerance of so many seconds."""
    return Client(client_key, (nicepay.private_key.public_key(),), timedelta(seconds=seconds))


def services(nicepay: Nicepay, *, client_secret: bytes | None = None, suspended: bool = False) -> Services:
    """The services of a merchant that has NICEPAY as a client under another partner id."""
    client = replace(client_of(nicepay), partner_ids=(PARTNER,), client_secret=client_secret, suspended=suspended)
    clients = Clients([client, client_of(nicepay, "OTHER", 400)], lambda _: nicepay.private_key.public_key())
    return Services(
        now=Clock(),
        clients=clients,
        token_keys=TokenKeys([Fernet.generate_key()]),
        state=MemoryState(),
        revocations=loaded_revocations(),
        outage_policy=OutagePolicy("refuse"),
        called_services={URI.partition("?")[0]: Service("24", ("POST", "GET")), PAYMENT_URI: Service("25")},
    )


def without_clients(services: Services, nicepay: Nicepay) -> Services:
    """The same services after NICEPAY was removed from the clients."""
    clients = Clients([client_of(nicepay, "ELSE")], lambda _: nicepay.private_key.public_key())
    return replace(services, clients=clients)


@dataclass(frozen=True)
class Signed:
    """The parts of one call, signed in the asymmetric or the symmetric form."""

    token: str
    timestamp: str
    signature: str
    method: str = "POST"
    external_id: str = "ordNo1"
    partner_id: str = PARTNER

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x_original_method": self.method,
            "x_original_uri": URI,
            "authorization": f"Bearer {self.token}",
            "x_timestamp": self.timestamp,
            "x_partner_id": self.partner_id,
            "x_signature": self.signature,
            "x_external_id": self.external_id,
        }


def asymmetric(nicepay: Nicepay, token: str, now: datetime) -> Signed:
    """A call in the asymmetric form, which NICEPAY documents for NICO."""
    timestamp = jakarta(now)
    return Signed(token, timestamp, nicepay.signature(timestamp))


def symmetric(token: str, now: datetime, body: bytes = BODY, method: str = "POST") -> Signed:
    """A call in the symmetric form of ASPI's standard."""
    timestamp = jakarta(now)
    message = f"{method}:{URI}:{token}:{sha256(body).hexdigest()}:{timestamp}"
    return Signed(token, timestamp, b64encode(digest(SECRET, message.encode(), "sha512")).decode(), method)
