"""Calls without a token: notifications as NICEPAY sends them, and calls that are signed with their body."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from handlers.services import Services
from handlers.snap.call_form import CallForm
from handlers.snap.clients import Clients
from handlers.snap.service import Service
from tests.calls import PARTNER, services
from tests.merchant import NOON
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

if TYPE_CHECKING:
    from handlers.snap.client import Client

TOKEN_URI = "/api/v1.0/transfer-va/inquiry"
MIXED_URI = "/api/v1.0/transfer-va/payment"
"""NIVA's payment, and NICEPAY's notification of it: one path, two forms."""
NOTIFY_URI = "/api/v1.0/qr/qr-mpm-notify"
SIGNED_URI = "/v1.0/transfer-va/payment"
EVERY_URI = "/api/v1.0/every/form"

BODY = b'{ "trxId": "ordNo1", "amount": "10.00" }'
MINIFIED = b'{"trxId":"ordNo1","amount":"10.00"}'

EVERY_FORM: tuple[CallForm, ...] = ("token", "notification", "body-signed")
CALLED_SERVICES = {
    TOKEN_URI: Service("24"),
    MIXED_URI: Service("25", forms=("token", "notification")),
    NOTIFY_URI: Service("52", forms=("notification",)),
    SIGNED_URI: Service("33", ("POST", "GET"), ("body-signed",)),
    EVERY_URI: Service("77", forms=EVERY_FORM),
}

Headers = dict[str, str]


@dataclass(frozen=True)
class Acquirer:
    """A client with a key pair for its calls, and another for its notifications."""

    client_key: str = CLIENT_KEY
    partner_id: str = PARTNER
    calls: Nicepay = field(default_factory=Nicepay)
    notifications: Nicepay = field(default_factory=Nicepay)

    def notification(self, now: datetime = NOON, uri: str = NOTIFY_URI, signer: Nicepay | None = None) -> Headers:
        """The headers of a notification."""
        timestamp = jakarta(now)
        return {
            "X-Original-Method": "POST",
            "X-Original-URI": uri,
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": self.client_key,
            "X-SIGNATURE": (signer or self.notifications).signature(timestamp, self.client_key),
        }

    def body_signed(  # noqa: PLR0913, PLR0917  each part of a call can be chosen
        self,
        body: bytes = BODY,
        now: datetime = NOON,
        uri: str = SIGNED_URI,
        method: str = "POST",
        external_id: str = "1",
        signer: Nicepay | None = None,
    ) -> Headers:
        """The headers of a call that is signed with its body."""
        timestamp = jakarta(now)
        message = f"{method}:{uri}:{sha256(body).hexdigest()}:{timestamp}"
        return {
            "X-Original-Method": method,
            "X-Original-URI": uri,
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": self.partner_id,
            "X-SIGNATURE": (signer or self.calls).signature_of(message),
            "X-EXTERNAL-ID": external_id,
        }

    def with_token(self, token: str, now: datetime = NOON, uri: str = TOKEN_URI, external_id: str = "1") -> Headers:
        """The headers of a call with a token, signed asymmetrically."""
        timestamp = jakarta(now)
        return {
            "X-Original-Method": "POST",
            "X-Original-URI": uri,
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": self.partner_id,
            "X-SIGNATURE": self.calls.signature(timestamp, self.client_key),
            "X-EXTERNAL-ID": external_id,
        }


def services_of_forms(acquirer: Acquirer, *, suspended: bool = False) -> Services:
    """The services of a merchant that is called in every form, by this client and by another."""
    plain = services(acquirer.calls)
    key, notification_key = (each.private_key.public_key() for each in (acquirer.calls, acquirer.notifications))
    first, other = list(plain.clients)
    known = replace(
        first, partner_ids=(acquirer.partner_id,), notification_keys=(notification_key,), suspended=suspended
    )
    clients: list[Client] = [known, other]
    return replace(
        plain,
        clients=Clients(clients, lambda _key: key),
        called_services=CALLED_SERVICES,
    )
