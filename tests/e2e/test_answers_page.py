"""Each row of the documentation's table of answers to calls, with the running command."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.process import COMMAND, Process, environment, running
from tests.e2e.stage import INQUIRY, asymmetric, settings, symmetric
from tests.forms import MIXED_URI, NOTIFY_URI, SIGNED_URI, Acquirer
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta
from tests.pages import section

ROW = re.compile(
    r"^\| (?P<call>.+?) \| (?P<status>\d{3})(?: `(?P<code>\w{7})` (?P<message>.+?)|, no body) "
    r"\| (?:`(?P<reason>.+)` )?\|$",
    re.MULTILINE,
)
ROWS = {row["call"]: row for row in ROW.finditer(section("answers", "## Calls"))}
DOWN = "the state store is unavailable"
BUSY_CLIENT = "the client sends too many genuine calls"
BUSY_ADDRESS = "too many requests from the address were refused"
LIMITS = {
    "SNAP_TOKEN__SERVER__TRUSTED_PROXIES": "127.0.0.1",
    "SNAP_TOKEN__LIMITS__CLIENT_REQUESTS_PER_MINUTE": "1",
    "SNAP_TOKEN__LIMITS__ADDRESS_REFUSALS_PER_MINUTE": "1",
}
SECRET = "path-up-for-this-test-and-used-nowhere-else"
NOTIFIER, SUSPENDED_NOTIFIER = Nicepay(), Nicepay("SUSPENDED")
SERVICES = f"""
notification_keys = ["notification.pem"]
[[services]]
path = "{MIXED_URI}"
service_code = "91"
forms = ["token", "notification"]
[[services]]
path = "{NOTIFY_URI}"
service_code = "91"
forms = ["notification"]
[[services]]
path = "{SIGNED_URI}"
service_code = "91"
forms = ["body-signed"]
"""
CLIENTS = f"""
[[clients]]
id = "SYMMETRIC"
public_keys = ["{CLIENT_KEY}.pem"]
call_signature = "symmetric"
client_secret_file = "secret"
[[clients]]
id = "PINNED"
public_keys = ["{CLIENT_KEY}.pem"]
channel_id = "95231"
origin = "bank.example"
external_id_format = "numeric"
[[clients]]
id = "SUSPENDED"
public_keys = ["{CLIENT_KEY}.pem"]
suspended = true
notification_keys = ["suspended-notification.pem"]
"""


@dataclass(frozen=True)
class Listener:
    """A running internal listener, and the requests of a proxy to it."""

    origin: str
    process: Process
    nicepay: Nicepay
    token_key: Fernet
    ids: Iterator[int] = field(default_factory=count)

    def token(self, client_key: str = CLIENT_KEY, age: timedelta = timedelta()) -> str:
        issued_at = int((datetime.now(UTC) - age).timestamp())
        return self.token_key.encrypt_at_time(client_key.encode(), issued_at).decode()

    def headers(self, client_key: str = CLIENT_KEY, late: timedelta = timedelta()) -> dict[str, str]:
        """The headers of a genuine call, or of a call of another client or at another time."""
        token, timestamp = self.token(client_key), jakarta(datetime.now(UTC) - late)
        sign = symmetric(SECRET) if client_key == "SYMMETRIC" else asymmetric(self.nicepay)
        return {
            "X-Internal-Authorization": f"Bearer {SECRET}",
            "X-Original-Method": "POST",
            "X-Original-URI": INQUIRY,
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": timestamp,
            "X-PARTNER-ID": client_key,
            "X-SIGNATURE": sign(INQUIRY, token, ARBITRARY, timestamp),
            "X-EXTERNAL-ID": f"ordNo{next(self.ids)}",
        }

    def without_token(self, form: str, **altered: str | None) -> dict[str, str]:
        """The headers of a genuine notification or body-signed call, with some changed, added or removed."""
        now = datetime.now(UTC)
        acquirer = Acquirer(partner_id=CLIENT_KEY, calls=self.nicepay, notifications=NOTIFIER)
        if form == "notification":
            headers = acquirer.notification(now)
        else:
            headers = acquirer.body_signed(ARBITRARY, now, external_id=f"ordNo{next(self.ids)}")
        named = {name.replace("_", "-"): value for name, value in altered.items()}
        changed = {"X-Internal-Authorization": f"Bearer {SECRET}", **headers, **named}
        return {name: value for name, value in changed.items() if value is not None}

    def ask(
        self, headers: dict[str, str] | list[tuple[str, str]], body: bytes = ARBITRARY, method: str = "POST"
    ) -> httpx.Response:
        url = f"{self.origin}/authorize"
        with httpx.Client(trust_env=False) as client:
            return client.request(method, url, headers=headers, content=body)


Ask = Callable[[Listener], httpx.Response]


def _with(**altered: str | None) -> Ask:
    """A genuine call with some headers changed or removed."""
    named = {name.replace("_", "-"): value for name, value in altered.items()}

    def ask(listener: Listener) -> httpx.Response:
        headers = {**listener.headers(), **named}
        return listener.ask({name: value for name, value in headers.items() if value is not None})

    return ask


def _signed(late: int) -> Ask:
    """A call that was signed this number of seconds ago."""
    return lambda listener: listener.ask(listener.headers(late=timedelta(seconds=late)))


def _of(client_key: str) -> Ask:
    return lambda listener: listener.ask(listener.headers(client_key))


def _replay(listener: Listener) -> httpx.Response:
    headers = listener.headers()
    assert listener.ask(headers).status_code == httpx.codes.OK
    return listener.ask(headers)


def _two_calls(listener: Listener) -> httpx.Response:
    assert listener.ask(listener.headers()).status_code == httpx.codes.OK
    return listener.ask(listener.headers())


def _after_a_refusal(listener: Listener) -> httpx.Response:
    headers = {**listener.headers(), "X-Forwarded-For": "203.0.113.9"}
    listener.ask({**headers, "X-SIGNATURE": "AAAA"})
    listener.process.err.event("call.refused")
    return listener.ask(headers)


def _with_duplicate_header(listener: Listener) -> httpx.Response:
    headers = list(listener.headers().items())
    return listener.ask([*headers, headers[-1]])


def _too_large(listener: Listener) -> httpx.Response:
    return listener.ask(listener.headers(), b"x" * 262_145)


def _expired(listener: Listener) -> httpx.Response:
    token = listener.token(age=timedelta(seconds=900))
    return listener.ask({**listener.headers(), "Authorization": f"Bearer {token}"})


def _revoked(listener: Listener) -> httpx.Response:
    headers = listener.headers()
    form = {"token": headers["Authorization"].removeprefix("Bearer ")}
    secret = {"Authorization": f"Bearer {SECRET}"}
    revoked = httpx.post(f"{listener.origin}/revoke", data=form, headers=secret, trust_env=False)
    assert revoked.status_code == httpx.codes.OK
    return listener.ask(headers)


def _without_body(listener: Listener) -> httpx.Response:
    return listener.ask(listener.headers("SYMMETRIC"), b"", "GET")


def _without_token(form: str, method: str = "POST", **altered: str | None) -> Ask:
    return lambda listener: listener.ask(listener.without_token(form, **altered), method=method)


def _suspended_notification(listener: Listener) -> httpx.Response:
    headers = listener.without_token("notification", X_CLIENT_KEY="SUSPENDED")
    return listener.ask({**headers, "X-SIGNATURE": SUSPENDED_NOTIFIER.signature(headers["X-TIMESTAMP"])})


def _copy(listener: Listener) -> httpx.Response:
    headers = listener.without_token("notification")
    assert listener.ask(headers).status_code == httpx.codes.OK
    return listener.ask(headers)


def _pinned(**altered: str) -> Ask:
    """A call of the client whose headers the settings pin, with some of them changed."""
    changed = {name.replace("_", "-"): value for name, value in altered.items()}

    def ask(listener: Listener) -> httpx.Response:
        headers = listener.headers("PINNED")
        signed = {"X-SIGNATURE": listener.nicepay.signature(headers["X-TIMESTAMP"], "PINNED")}
        genuine = {"CHANNEL-ID": "95231", "ORIGIN": "bank.example", "X-EXTERNAL-ID": "12"}
        return listener.ask(headers | signed | genuine | changed)

    return ask


CALLS: dict[str, Ask] = {
    "genuine call": _with(),
    "the proxy's secret is missing or wrong": _with(X_Internal_Authorization="Bearer a-guess", X_Original_URI="/"),
    "duplicate header": _with_duplicate_header,
    "header with an invalid format": _with(X_TIMESTAMP="today"),
    "header is missing or empty": _with(X_EXTERNAL_ID=None),
    "header of a form of call that the path does not accept": _without_token("notification", X_Original_URI=SIGNED_URI),
    "headers of two forms of call, if the path accepts more than `token`": _with(
        X_Original_URI=MIXED_URI, X_CLIENT_KEY=CLIENT_KEY
    ),
    "no header of a form that the path accepts, and it does not accept `token`": _without_token(
        "notification", X_CLIENT_KEY=None
    ),
    "body over 262,144 bytes": _too_large,
    "nginx needs `internal.accel_redirect`, and it is not set": _with(X_Original_Delivery="accel-redirect"),
    "path is not in `[[services]]`": _with(X_Original_URI=f"{INQUIRY}/"),
    "method is not allowed for the path": _with(X_Original_Method="DELETE"),
    "`Authorization` is missing or empty": _with(Authorization=None),
    "`Authorization` is not `Bearer` and a token": _with(Authorization="Basic bm9ib2R5Og=="),
    "token was not issued by this server, or was changed": _with(Authorization="Bearer gAAAAA"),
    "token has expired": _expired,
    "token was revoked": _revoked,
    "token of another client": _with(X_PARTNER_ID="SYMMETRIC"),
    "client of the token is suspended": _of("SUSPENDED"),
    "client of the token is no longer in the settings": _of("FORMER"),
    "timestamp too old": _signed(301),
    "timestamp in the future": _signed(-310),
    "signature does not verify": _with(X_SIGNATURE="AAAA"),
    "symmetric signature, but the proxy sent no body": _without_body,
    "notification or body-signed call, but the proxy sent no body": _without_token("notification", "GET"),
    "notification of an unknown client": _without_token("notification", X_CLIENT_KEY="NOBODY"),
    "notification of a suspended client": _suspended_notification,
    "notification of a client without `notification_keys`": _without_token("notification", X_CLIENT_KEY="SYMMETRIC"),
    "notification whose signature no notification key verifies": _without_token("notification", X_SIGNATURE="AAAA"),
    "body-signed call of an unknown client": _without_token("body-signed", X_PARTNER_ID="NOBODY"),
    "body-signed call of a suspended client": _without_token("body-signed", X_PARTNER_ID="SUSPENDED"),
    "body-signed call whose signature does not verify": _without_token("body-signed", X_SIGNATURE="AAAA"),
    "`CHANNEL-ID` is not the `channel_id` of the client, or is missing": _pinned(CHANNEL_ID="95221"),
    "`ORIGIN` is not the `origin` of the client, or is missing": _pinned(ORIGIN=""),
    "`X-EXTERNAL-ID` does not have the format or the length that the settings require of the client": _pinned(
        X_EXTERNAL_ID="1a"
    ),
    BUSY_CLIENT: _two_calls,
    BUSY_ADDRESS: _after_a_refusal,
    "copy of a notification: the same client, timestamp and body": _copy,
    "`X-EXTERNAL-ID` was used before on the day of `X-TIMESTAMP` in Jakarta": _replay,
    DOWN: _with(),
}
PLAIN = {"secret.wrong", "token.absent"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Path:
    """Settings with three clients, and a secret between proxy and internal listener."""
    folder = tmp_path_factory.mktemp("calls")
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    path = settings(folder, nicepay, "memory://", 'secret_file = "secret"')
    (folder / "notification.pem").write_text(NOTIFIER.public_pem)
    (folder / "suspended-notification.pem").write_text(SUSPENDED_NOTIFIER.public_pem)
    path.write_text(path.read_text() + SERVICES + CLIENTS)
    return path


@contextmanager
def _listening(file: Path, nicepay: Nicepay, state: str, **variables: str) -> Iterator[Listener]:
    env = environment(SNAP_TOKEN__STATE__URL=state, **variables)
    with running(COMMAND, "serve", "--config", file, env=env) as process:
        endpoint = urlsplit(process.err.event("internal.listening")["endpoint"])
        key = Fernet(file.with_name("token.keys").read_text().strip())
        yield Listener(f"http://{endpoint.netloc}", process, nicepay, key)


@pytest.fixture(scope="module")
def up(file: Path, nicepay: Nicepay) -> Iterator[Listener]:
    with _listening(file, nicepay, "memory://") as listener:
        yield listener


@pytest.fixture(scope="module")
def down(file: Path, nicepay: Nicepay) -> Iterator[Listener]:
    """A listener whose state store is unavailable."""
    with _listening(file, nicepay, "unix:///nowhere.sock?db=0") as listener:
        yield listener


@pytest.fixture(scope="module")
def limited(file: Path, nicepay: Nicepay) -> Iterator[Listener]:
    """A listener that takes one genuine call of a client, and one refused call from an address, in a minute."""
    with _listening(file, nicepay, "memory://", **LIMITS) as listener:
        yield listener


@pytest.fixture
def listener(request: pytest.FixtureRequest, call: str) -> Listener:
    """The listener for the row."""
    fixtures = {DOWN: "down", BUSY_CLIENT: "limited", BUSY_ADDRESS: "limited"}
    listener: Listener = request.getfixturevalue(fixtures.get(call, "up"))
    return listener


def test_the_table_has_the_rows_of_this_test() -> None:
    """This module tests exactly the rows of the page."""
    assert list(ROWS) == list(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_a_row_is_true(call: str, listener: Listener) -> None:
    """The call of the row gets the row's status, code, message and challenge, and the log has its reason."""
    row = ROWS[call]
    answer = CALLS[call](listener)
    assert answer.status_code == int(row["status"])
    assert answer.headers.get("WWW-Authenticate") == _challenge(row)
    if row["code"]:
        code = row["code"].replace("xx", "91")
        line = listener.process.err.event("call.refused")
        assert (line["response_code"], line["reason"]) == (code, row["reason"])
        assert answer.json()["responseCode"] == code
        assert re.fullmatch(re.escape(row["message"]).replace("…", ".+"), answer.json()["responseMessage"])
    else:
        assert answer.content == b""
        listener.process.err.event("call.genuine")


def _challenge(row: re.Match[str]) -> str | None:
    """The value of WWW-Authenticate by the rule above the table."""
    if row["status"] not in {"400", "401"}:
        return None
    if row["reason"] in PLAIN:
        return "Bearer"
    return f'Bearer error="{"invalid_token" if row["code"] == "401xx01" else "invalid_request"}"'
