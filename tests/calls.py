"""The calls that follow the token, as NICEPAY makes them, and what the merchant's services know, without a socket."""

import asyncio
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest

from cryptography.fernet import Fernet

from handlers.services import Services
from handlers.snap.client import Client, Clients
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
"""Of a service that names no methods."""
BODY = b'{ "payNo": "1 2", "amount": 10.00 }'
SECRET = b"a secret of this test"
PARTNER = "PARTNER"


def _copy(engine: State) -> RevocationCache:
    outage_policy = OutagePolicy("refuse")
    return RevocationCache(GuardedState(engine, outage_policy), outage_policy, Clock(), lambda: 0.0)


def loaded_revocations(engine: Engine | None = None, *, revoked: str = "", suspended: str = "") -> RevocationCache:
    """The copy of what an engine says is revoked, just read.

    The subject `revoked`, if there is one, was revoked at noon; the client `suspended` was suspended then.
    """
    engine = engine or MemoryState()
    copy = _copy(engine)

    async def read() -> None:
        if revoked:
            await engine.revoke(revoked, NOON, ttl_seconds=1)
        if suspended:
            await engine.suspend(suspended, NOON)
        await copy.refresh()

    asyncio.run(read())
    return copy


def unloaded_revocations() -> RevocationCache:
    """The copy of an engine that is down, and was before anything was read."""
    engine = BreakableState()
    engine.up = False
    return _copy(engine)


def services(nicepay: Nicepay, *, client_secret: bytes | None = None, suspended: bool = False) -> Services:
    """A merchant that knows NICEPAY under a partner id of its own."""
    key = nicepay.private_key.public_key()
    tolerance = timedelta(seconds=300)
    client = Client(CLIENT_KEY, (key,), tolerance, partner_id=PARTNER, client_secret=client_secret, suspended=suspended)
    other = Client("OTHER", (key,), timedelta(seconds=400))
    clients = Clients([client, other], lambda _bits: key)
    return Services(
        now=Clock(),
        clients=clients,
        token_keys=TokenKeys([Fernet.generate_key()]),
        state=MemoryState(),
        revocations=loaded_revocations(),
        outage_policy=OutagePolicy("refuse"),
        service_codes={URI.partition("?")[0]: "24", PAYMENT_URI: "25"},
        service_methods={URI.partition("?")[0]: ("POST", "GET")},
    )


def without_clients(known: Services, nicepay: Nicepay) -> Services:
    """The same merchant, who has forgotten NICEPAY since."""
    key = nicepay.private_key.public_key()
    return replace(known, clients=Clients([Client("ELSE", (key,), timedelta(seconds=300))], lambda _bits: key))


@dataclass(frozen=True)
class Signed:
    """One call and its headers, signed in one of the two forms."""

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
    """As NICEPAY prints it for NICO."""
    timestamp = jakarta(now)
    return Signed(token, timestamp, nicepay.signature(timestamp))


def symmetric(token: str, now: datetime, body: bytes = BODY, method: str = "POST") -> Signed:
    """As ASPI has it for transactions."""
    timestamp = jakarta(now)
    message = f"{method}:{URI}:{token}:{sha256(body).hexdigest()}:{timestamp}"
    return Signed(token, timestamp, b64encode(digest(SECRET, message.encode(), "sha512")).decode(), method)
