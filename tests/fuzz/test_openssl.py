"""Differential tests of all four forms of call: the `openssl` command signs, hashes and verifies independently."""

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path

import pytest

from handlers.config.settings import Settings
from tests.calls import PARTNER, SECRET
from tests.forms import BODY, EVERY_URI, MINIFIED, MIXED_URI
from tests.fuzz.forgery_parts import flipped
from tests.internal import NOTIFIER, SYMMETRIC, InternalListener, running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta
from tests.programs import program
from tests.vectors import VECTORS

BODIES = {
    "as received": (BODY, BODY),
    "minified": (BODY, MINIFIED),
    "indented": (
        json.dumps({"a": [1.50, "é\\u00e9"], "b": {}}, indent=2).encode(),
        b'{"a":[1.5,"\\u00e9\\\\u00e9"],"b":{}}',
    ),
    "a slash and spaces in a text": (b'{"a" : "b  /  c"}', b'{"a":"b  /  c"}'),
    "no JSON": (b"\xff\x00 plain", b"\xff\x00 plain"),
}
"""The body that is sent, and the body that is signed."""
_ids = count()


@dataclass(frozen=True)
class OpenSsl:
    """The command, and the folder with the keys of the client."""

    folder: Path

    def run(self, *arguments: str, message: bytes) -> subprocess.CompletedProcess[bytes]:
        """Run `openssl dgst` with a message as its input."""
        return subprocess.run(
            [program("openssl"), "dgst", *arguments], input=message, cwd=self.folder, capture_output=True, check=False
        )

    def hash(self, body: bytes) -> str:
        """SHA-256 in lower-case hexadecimal."""
        return self.run("-sha256", "-r", message=body).stdout.decode().split()[0]

    def sign(self, key: str, message: str) -> str:
        """SHA256withRSA in base64."""
        return b64encode(self.run("-sha256", "-sign", key, message=message.encode()).stdout).decode()

    def hmac(self, message: str) -> str:
        """HMAC-SHA512 in base64."""
        key = ("-mac", "HMAC", "-macopt", f"hexkey:{SECRET.hex()}")
        return b64encode(self.run("-sha512", *key, "-binary", message=message.encode()).stdout).decode()

    def verifies(self, key: str, message: str, raw: bytes) -> bool:
        """Whether the private key of this file signed the message."""
        (self.folder / "signature").write_bytes(raw)
        done = self.run("-sha256", "-prverify", key, "-signature", "signature", message=message.encode())
        return done.returncode == 0


@dataclass(frozen=True)
class Signed:
    """A call that OpenSSL has signed: its headers, the signed text, and whether OpenSSL verifies a signature of it."""

    headers: dict[str, str]
    verifies: Callable[[bytes], bool]

    @property
    def raw(self) -> bytes:
        return b64decode(self.headers["X-SIGNATURE"])


@dataclass(frozen=True)
class Acquirer:
    """Makes calls of each form with OpenSSL alone."""

    target: InternalListener
    openssl: OpenSsl

    def call(self, form: str, body: bytes = BODY) -> Signed:
        """A new call of this form whose signature covers this body, if the form covers one. Each has its own second."""
        self.target.clock.now += timedelta(seconds=1)
        now = jakarta(self.target.clock.now)
        uri = MIXED_URI if form == "notification" else EVERY_URI
        headers = {"X-Original-Method": "POST", "X-Original-URI": uri, "X-TIMESTAMP": now}
        if form == "notification":
            return self._by_rsa(headers | {"X-CLIENT-KEY": CLIENT_KEY}, "notifications.pem", f"{CLIENT_KEY}|{now}")
        headers |= {"X-EXTERNAL-ID": f"{next(_ids)}", "X-PARTNER-ID": PARTNER}
        if form == "body-signed":
            return self._by_rsa(headers, "calls.pem", f"POST:{uri}:{self.openssl.hash(body)}:{now}")
        if form == "token, asymmetric":
            headers["Authorization"] = f"Bearer {self.target.token()}"
            return self._by_rsa(headers, "calls.pem", f"{CLIENT_KEY}|{now}")
        token = self.target.token(SYMMETRIC)
        signature = self.openssl.hmac(f"POST:{uri}:{token}:{self.openssl.hash(body)}:{now}")
        own = {"Authorization": f"Bearer {token}", "X-PARTNER-ID": SYMMETRIC, "X-SIGNATURE": signature}
        return Signed(headers | own, lambda raw: raw == b64decode(signature))

    def _by_rsa(self, headers: dict[str, str], key: str, message: str) -> Signed:
        signature = self.openssl.sign(key, message)
        return Signed(headers | {"X-SIGNATURE": signature}, lambda raw: self.openssl.verifies(key, message, raw))


@pytest.fixture(scope="module")
def acquirer(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acquirer]:
    """The internal listener, and the client that calls it. NICEPAY's published notification key is a client's, too."""
    folder = tmp_path_factory.mktemp("openssl")
    settings = write_internal_settings(folder, nicepay)
    (published,) = (each for each in VECTORS["asymmetric"] if each["name"] == "nicepay-notif-2048")
    key = f"-----BEGIN PUBLIC KEY-----\n{published['publicKeySpkiB64']}\n-----END PUBLIC KEY-----\n"
    (folder / "published.pem").write_text(key)
    client = 'id = "TNICEVA023"\npublic_keys = ["IONPAYTEST.pem"]\nnotification_keys = ["published.pem"]'
    settings.write_text(f"{settings.read_text()}\n[[clients]]\n{client}\n")
    for name, owner in (("calls", nicepay), ("notifications", NOTIFIER)):
        (folder / f"{name}.pem").write_text(owner.private_pem)
    with running_internal(Settings.load(settings), Clock()) as listener:
        yield Acquirer(listener, OpenSsl(folder))


FORMS = ("token, asymmetric", "token, symmetric", "notification", "body-signed")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("sent", "signed"), BODIES.values(), ids=BODIES)
def test_a_call_that_openssl_has_signed_is_genuine(acquirer: Acquirer, form: str, sent: bytes, signed: bytes) -> None:
    """The server accepts what OpenSSL has hashed and signed, over the body as received or minified."""
    assert acquirer.target.authorize(acquirer.call(form, signed).headers, sent).status_code == 200


@pytest.mark.parametrize("form", FORMS)
def test_the_server_accepts_the_signatures_that_openssl_verifies(acquirer: Acquirer, form: str) -> None:
    """For signatures with a changed bit, another length or zeros, and for the genuine one, both come to one result."""
    raw = acquirer.call(form).raw
    changed = [each for _, each in islice(flipped(raw), 0, None, 8)]
    for other in (*changed, raw[:-1], b"\0" + raw[1:], raw[::-1], bytes(len(raw)), raw):
        call = acquirer.call(form)
        signature = call.raw if other == raw else other
        answer = acquirer.target.authorize(call.headers | {"X-SIGNATURE": b64encode(signature).decode()}, BODY)
        assert (answer.status_code == 200) == call.verifies(signature), signature.hex()


def test_the_notification_that_nicepay_published_is_genuine(acquirer: Acquirer) -> None:
    """NICEPAY's own example of a signed notification passes at its own time, and not with another client key."""
    (published,) = (each for each in VECTORS["asymmetric"] if each["name"] == "nicepay-notif-2048")
    client_key, timestamp = published["stringToSign"].split("|")
    acquirer.target.clock.now = datetime.fromisoformat(timestamp)
    headers = {
        "X-Original-Method": "POST",
        "X-Original-URI": MIXED_URI,
        "X-TIMESTAMP": timestamp,
        "X-CLIENT-KEY": client_key,
        "X-SIGNATURE": published["signatureB64"],
    }
    assert acquirer.target.authorize(headers | {"X-CLIENT-KEY": CLIENT_KEY}, BODY).status_code == 401
    assert acquirer.target.authorize(headers, BODY).status_code == 200
