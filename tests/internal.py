"""The internal listener, started in a thread, and the headers of the calls that a proxy asks it to authorize."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.openapi.application import application, internal_api
from handlers.server.openapi.internal_api import ForwardedCall
from handlers.server.process import assembly
from handlers.services import Services
from tests.calls import PARTNER, SECRET, Signed, asymmetric, symmetric
from tests.document import check_internal_answer
from tests.forms import NOTIFY_URI, SIGNED_URI, Acquirer
from tests.merchant import Clock, RunningListener, serving, write_settings
from tests.nicepay import CLIENT_KEY, Nicepay

PROXY_SECRET = "the-secret-of-the-proxy-and-nobody-else"
SYMMETRIC = "SYMMETRIC"
SUSPENDED = "SUSPENDED"
CLIENT_KEYS = {CLIENT_KEY, SYMMETRIC, SUSPENDED, "PINNED"}
"""The client keys of the settings that `write_internal_settings` writes."""

_TABLES = """
[internal]
port = 0
{internal}
[[services]]
path = "/api/v1.0/transfer-va/inquiry"
service_code = "24"
methods = ["POST", "GET"]
[[services]]
path = "/api/v1.0/cvs/payment"
service_code = "99"
[[services]]
path = "/api/v1.0/transfer-va/payment"
service_code = "25"
forms = ["token", "notification"]
[[services]]
path = "/api/v1.0/qr/qr-mpm-notify"
service_code = "52"
forms = ["notification"]
[[services]]
path = "/v1.0/transfer-va/payment"
service_code = "33"
forms = ["body-signed"]
methods = ["POST", "GET"]
[[services]]
path = "/api/v1.0/every/form"
service_code = "77"
forms = ["token", "notification", "body-signed"]
"""
NOTIFIER = Nicepay()
"""NICEPAY's key for notifications."""
NOTIFIER_FILE = "notification-private.pem"
"""The file for the private key, which the settings do not name."""
SUSPENDED_NOTIFIER = Nicepay(SUSPENDED)
_CLIENTS = """
[[clients]]
id = "SYMMETRIC"
public_keys = ["IONPAYTEST.pem"]
call_signature = "symmetric"
client_secret_file = "client.secret"
[[clients]]
id = "PINNED"
public_keys = ["IONPAYTEST.pem"]
channel_id = "95231"
origin = "bank.example"
external_id_format = "numeric"
[[clients]]
id = "SUSPENDED"
public_keys = ["IONPAYTEST.pem"]
suspended = true
notification_keys = ["suspended-notification.pem"]
"""


def write_internal_settings(folder: Path, nicepay: Nicepay, *, internal: str = "", secret: bool = False) -> Path:
    """Write settings with both listeners, services of every form and three clients, and return the path of the file.

    One client signs asymmetrically and has notifications, one signs symmetrically, and one is suspended.
    `internal` holds more lines for the table `[internal]`; `secret` says whether the proxy must send a secret.
    """
    for name, content in (("client.secret", SECRET.decode()), ("internal.secret", PROXY_SECRET)):
        file = folder / name
        file.write_text(content)
        file.chmod(0o600)
    (folder / "notification.pem").write_text(NOTIFIER.public_pem)
    (folder / NOTIFIER_FILE).write_text(NOTIFIER.private_pem)
    (folder / "suspended-notification.pem").write_text(SUSPENDED_NOTIFIER.public_pem)
    lines = [*(['secret_file = "internal.secret"'] if secret else []), internal]
    settings = write_settings(folder, nicepay, extra=_TABLES.format(internal="\n".join(lines)))
    own = f'partner_id = "{PARTNER}"\nnotification_keys = ["notification.pem"]'
    settings.write_text(f"{settings.read_text()}\n{own}\n{_CLIENTS}")
    return settings


@dataclass
class InternalListener(RunningListener):
    """The running internal listener and its services."""

    services: Services
    _ids: Iterator[int] = field(default_factory=count)

    def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes | Iterator[bytes] = b"",
    ) -> httpx.Response:
        """Send a request and check the answer against the document."""
        response = self.client.request(method, path, headers=headers, content=body)
        check_internal_answer(response)
        return response

    def authorize(
        self,
        headers: dict[str, str] | list[tuple[str, str]],
        body: bytes | Iterator[bytes] = b"",
        *,
        method: str = "POST",
        path: str = "/authorize",
    ) -> httpx.Response:
        """Ask whether a call is genuine."""
        return self.send(method, path, headers, body)

    def post_form(self, path: str, form: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Post a URL-encoded form."""
        media_type = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, media_type | (headers or {}), form.encode())

    def token(self, client_key: str = CLIENT_KEY, issued_at: datetime | None = None) -> str:
        """A token that was issued now, or at `issued_at`."""
        return self.services.token_keys.issue(client_key, issued_at or self.clock.now)

    def asymmetric(self, nicepay: Nicepay) -> dict[str, str]:
        """The headers of a genuine new call in the asymmetric form, which NICEPAY documents."""
        return self._new(asymmetric(nicepay, self.token(), self.clock.now))

    def symmetric(self, body: bytes, method: str = "POST") -> dict[str, str]:
        """The headers of a genuine new call in the symmetric form of ASPI's standard, signed over this body."""
        return self._new(symmetric(self.token(SYMMETRIC), self.clock.now, body, method)) | {"X-PARTNER-ID": SYMMETRIC}

    def acquirer(self, nicepay: Nicepay) -> Acquirer:
        """The client with its keys of both purposes, for calls without a token."""
        return Acquirer(calls=nicepay, notifications=NOTIFIER)

    def notification(self, nicepay: Nicepay, uri: str = NOTIFY_URI) -> dict[str, str]:
        """The headers of a genuine notification of now."""
        return self.acquirer(nicepay).notification(self.clock.now, uri)

    def body_signed(self, nicepay: Nicepay, body: bytes, uri: str = SIGNED_URI, method: str = "POST") -> dict[str, str]:
        """The headers of a genuine new call that is signed with this body."""
        number = f"{next(self._ids)}"
        return self.acquirer(nicepay).body_signed(body, self.clock.now, uri, method, number)

    def _new(self, signed: Signed) -> dict[str, str]:
        return _headers_of(signed) | {"X-EXTERNAL-ID": f"ordNo{next(self._ids)}"}


def _headers_of(signed: Signed) -> dict[str, str]:
    """The headers under their names on the wire."""
    names = {"authorization": "Authorization", "x_original_method": "X-Original-Method"}
    names["x_original_uri"] = "X-Original-URI"
    return {names.get(name, name.replace("_", "-").upper()): value for name, value in signed.headers.items()}


@contextmanager
def running_internal(
    settings: Settings,
    clock: Clock,
    alter: Callable[[Services], Services] = lambda services: services,
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> Iterator[InternalListener]:
    """Serve the internal listener of these settings until the block ends.

    `alter` may replace its services. `wrap` may put a middleware around the application.
    """
    assert settings.internal
    stream = io.StringIO()
    configure.set_up(stream)
    shared = assembly.open_resources(settings, clock)
    services = alter(assembly.build_services(settings, shared))
    app = application(internal_api(settings.internal, lambda: services), lambda: services)
    layered = ForwardedCall(app) if settings.internal.call_headers == "x-forwarded" else app
    with serving(wrap(layered), shared.running()) as origin:
        listener = InternalListener(origin, clock, stream, services)
        with listener.client:
            yield listener
