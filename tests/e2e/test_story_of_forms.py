"""NICO, NIVA with its notification, and Faspay, as real processes behind nginx. `make story` prints every exchange."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.stage import INQUIRY, NicoCall, Stage, asymmetric, settings, staged, symmetric
from tests.engines import REDIS_SERVERS, RedisServer
from tests.forms import MIXED_URI, Acquirer
from tests.nicepay import CLIENT_KEY, Nicepay

NIVA = Nicepay("IONPAYNIVA")
NIVA_CHANNEL = {"CHANNEL-ID": f"{NIVA.client_key}01"}
SECRET = "made-up-for-this-test-and-used-nowhere-else"
FASPAY_URI = "/api/v1.0/faspay/transfer-va/payment"
TABLES = f"""
[[services]]
path = "{MIXED_URI}"
service_code = "25"
forms = ["token", "notification"]
[[services]]
path = "{FASPAY_URI}"
service_code = "25"
forms = ["body-signed"]
[[clients]]
id = "{NIVA.client_key}"
public_keys = ["niva.pem"]
call_signature = "symmetric"
client_secret_file = "client.secret"
notification_keys = ["niva-notifications.pem"]
[[clients]]
id = "FASPAY"
partner_id = "99999"
public_keys = ["faspay.pem"]
"""
CHALLENGE = 'Bearer error="invalid_request"'
NOTIFIED = {
    "partnerServiceId": "   12345",
    "customerNo": "0000000001",
    "virtualAccountNo": "1234500000000001",
    "trxId": "ordNo0001",
    "paidAmount": {"value": "10000.00", "currency": "IDR"},
}
"""Some members of NICEPAY's notification of a payment by virtual account. The values are made up."""
FASPAY_BODY = b'{ "partnerServiceId": "   99999", "arbitrary": "made up for this test" }'


@dataclass(frozen=True)
class Tokenless:
    """Calls of an acquirer that sends no token, through the proxy."""

    stage: Stage
    acquirer: Acquirer
    channel: str | None = None

    def notify(self, body: bytes, signer: Nicepay | None = None) -> httpx.Response:
        """Send a notification to the path of NIVA's payment."""
        return self._send(MIXED_URI, self.acquirer.notification(datetime.now(UTC), MIXED_URI, signer), body)

    def call(self, external_id: str, uri: str = FASPAY_URI, body: bytes = FASPAY_BODY) -> httpx.Response:
        """Send a call whose signature covers `FASPAY_BODY` and `FASPAY_URI`, whatever is sent."""
        headers = self.acquirer.body_signed(FASPAY_BODY, datetime.now(UTC), FASPAY_URI, external_id=external_id)
        return self._send(uri, headers, body)

    def _send(self, uri: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        own = {name: value for name, value in headers.items() if not name.startswith("X-Original")}
        channel = {"CHANNEL-ID": self.channel} if self.channel else {}
        added = {"Content-Type": "application/json", **channel}
        return self.stage.outside.post(uri, headers=own | added, content=body)


def test_the_story_of_every_form(
    tmp_path: Path, nicepay: Nicepay, stranger: Nicepay, emptied_redis: Callable[[str], RedisServer]
) -> None:
    """With Redis and nginx, genuine calls of all four forms reach the merchant byte for byte, and others do not."""
    niva = Acquirer(NIVA.client_key, NIVA.client_key, calls=NIVA)
    faspay = Acquirer("FASPAY", "99999")
    file = _settings(tmp_path, nicepay, emptied_redis(REDIS_SERVERS[0]).tcp_url, niva, faspay)
    with staged(file, nicepay, proxies.nginx) as stage:
        _nico(stage, stranger)
        _niva(replace(stage, nicepay=NIVA))
        _notification(Tokenless(stage, niva))
        _faspay(Tokenless(stage, faspay, "88001"))


def _settings(folder: Path, nicepay: Nicepay, state: str, niva: Acquirer, faspay: Acquirer) -> Path:
    keys = {"niva": NIVA, "niva-notifications": niva.notifications, "faspay": faspay.calls}
    for name, owner in keys.items():
        (folder / f"{name}.pem").write_text(owner.public_pem)
    (folder / "client.secret").write_text(SECRET)
    (folder / "client.secret").chmod(0o600)
    file = settings(folder, nicepay, state, 'accel_redirect = "@merchant"')
    file.write_text(file.read_text() + TABLES)
    return file


def _nico(stage: Stage, stranger: Nicepay) -> None:
    stage.transcript.chapter("NICO (token, asymmetric): NICEPAY asks for a token")
    inquiry = NicoCall(stage.token(), "ordNo0001", asymmetric(stage.nicepay), path=INQUIRY)
    stage.transcript.chapter("NICO's inquiry, forged with another key")
    answer = stage.send(replace(inquiry, sign=asymmetric(stranger)))
    stage.refuse(answer, "4019100", "Unauthorized. X-SIGNATURE", CHALLENGE, "signature.mismatch")
    stage.transcript.chapter("NICO's inquiry, genuine")
    answer = stage.deliver(inquiry)
    stage.transcript.chapter("NICO's inquiry again: a replay")
    stage.refuse(stage.outside.send(answer.request), "4099100", "Conflict", None, "call.repeated")


def _niva(stage: Stage) -> None:
    stage.transcript.chapter("NIVA (token, symmetric): NICEPAY asks for a token as another client")
    payment = NicoCall(stage.token(), "ordNo0001", symmetric(SECRET), MIXED_URI, added=NIVA_CHANNEL)
    stage.transcript.chapter("NIVA's payment, with one digit of the body changed on the way")
    answer = stage.send(replace(payment, body=ARBITRARY.replace(b"1.50", b"1.51")))
    stage.refuse(answer, "4012500", "Unauthorized. X-SIGNATURE", CHALLENGE, "signature.mismatch")
    stage.transcript.chapter("NIVA's payment, genuine")
    answer = stage.deliver(payment)
    stage.transcript.chapter("NIVA's payment again: a replay")
    stage.refuse(stage.outside.send(answer.request), "4092500", "Conflict", None, "call.repeated")
    stage.transcript.chapter("NIVA's payment without its token, on the path that takes notifications too")
    answer = stage.send(replace(payment, token="", external_id="ordNo0002"))
    stage.refuse(answer, "4012503", "Token Not Found (B2B)", "Bearer", "token.absent")
    stage.transcript.chapter("NIVA's payment with the header of a notification added")
    both = replace(payment, external_id="ordNo0003", added=NIVA_CHANNEL | {"X-CLIENT-KEY": NIVA.client_key})
    answer = stage.send(both)
    message = "Invalid Field Format X-CLIENT-KEY"
    stage.refuse(answer, "4002501", message, CHALLENGE, "call.headers_of_two_forms")


def _notification(niva: Tokenless) -> None:
    stage, first, second = (niva.stage, *(json.dumps(NOTIFIED | {"trxId": each}).encode() for each in ("1", "2")))
    stage.transcript.chapter("NIVA's notification on the same path, forged with NIVA's transaction key")
    answer = niva.notify(first, signer=NIVA)
    message = "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
    stage.refuse(answer, "4012500", message, CHALLENGE, "signature.mismatch")
    stage.transcript.chapter("NIVA's notification, genuine: no token and no X-EXTERNAL-ID")
    answer = stage.delivered(niva.notify(first), NIVA.client_key, None)
    stage.transcript.chapter("A copy of the notification")
    stage.refuse(stage.outside.send(answer.request), "4092500", "Conflict", None, "call.repeated")
    stage.transcript.chapter("The same headers with another body: this form does not sign the body")
    headers = {**answer.request.headers, "Content-Length": str(len(second))}
    answer = stage.outside.post(MIXED_URI, headers=headers, content=second)
    stage.delivered(answer, NIVA.client_key, None)


def _faspay(faspay: Tokenless) -> None:
    stage, message = faspay.stage, "Unauthorized. X-PARTNER-ID or X-SIGNATURE"
    stage.transcript.chapter("Faspay's payment (body-signed), with one digit of the body changed on the way")
    answer = faspay.call("1", body=FASPAY_BODY.replace(b"99999", b"99998"))
    stage.refuse(answer, "4012500", message, CHALLENGE, "signature.mismatch")
    stage.transcript.chapter("Faspay's payment, genuine")
    answer = stage.delivered(faspay.call("1"), "FASPAY", "1")
    stage.transcript.chapter("Faspay's payment again: a replay")
    stage.refuse(stage.outside.send(answer.request), "4092500", "Conflict", None, "call.repeated")
    stage.transcript.chapter("Faspay's payment, sent to the path of NIVA")
    answer = faspay.call("2", MIXED_URI)
    stage.refuse(answer, "4012503", "Token Not Found (B2B)", "Bearer", "token.absent")
    stage.transcript.chapter("Faspay's payment with NICEPAY's partner ID")
    nicepay = replace(faspay, acquirer=replace(faspay.acquirer, partner_id=CLIENT_KEY))
    stage.refuse(nicepay.call("3"), "4012500", message, CHALLENGE, "signature.mismatch")
