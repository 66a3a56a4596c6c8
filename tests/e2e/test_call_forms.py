"""Calls without a token through nginx and Caddy with the files of `docs/deploy`, with a real server behind them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.stage import NicoCall, Stage, asymmetric, settings, staged
from tests.forms import EVERY_URI, MIXED_URI, Acquirer
from tests.nicepay import CLIENT_KEY, Nicepay

NOTIFIER = Nicepay()
SERVICES = f"""
notification_keys = ["notification.pem"]
[[services]]
path = "{MIXED_URI}"
service_code = "25"
forms = ["token", "notification"]
[[services]]
path = "{EVERY_URI}"
service_code = "77"
forms = ["token", "notification", "body-signed"]
"""


def _settings(folder: Path, nicepay: Nicepay, internal: str) -> Path:
    (folder / "notification.pem").write_text(NOTIFIER.public_pem)
    file = settings(folder, nicepay, "memory://", internal)
    file.write_text(file.read_text() + SERVICES)
    return file


def _caller_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers without those that the proxy adds."""
    return {name: value for name, value in headers.items() if not name.startswith("X-Original")}


@pytest.fixture
def acquirer(nicepay: Nicepay) -> Acquirer:
    """NICEPAY with its two keys."""
    return Acquirer(partner_id=CLIENT_KEY, calls=nicepay, notifications=NOTIFIER)


@pytest.fixture(scope="module")
def behind_nginx(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Stage]:
    """The server behind nginx."""
    file = _settings(tmp_path_factory.mktemp("nginx"), nicepay, 'accel_redirect = "@merchant"')
    with staged(file, nicepay, proxies.nginx) as stage:
        yield stage


def test_nginx_delivers_a_notification(behind_nginx: Stage, acquirer: Acquirer) -> None:
    """The merchant gets its client key from /authorize, and no X-External-Id, though the caller has added one."""
    headers = _caller_headers(acquirer.notification(datetime.now(UTC), MIXED_URI)) | {"X-EXTERNAL-ID": "added"}
    assert behind_nginx.outside.post(MIXED_URI, headers=headers, content=ARBITRARY).status_code == 200
    received = behind_nginx.merchant.received()
    assert (received.values("X-Client-Key"), received.values("X-External-Id")) == ([CLIENT_KEY], [])
    assert received.body == ARBITRARY
    answer = behind_nginx.outside.post(MIXED_URI, headers=headers, content=ARBITRARY)
    behind_nginx.server.err.event("call.genuine")
    behind_nginx.refuse(answer, "4092500", "Conflict", None, "call.repeated")


def test_nginx_delivers_a_body_signed_call(behind_nginx: Stage, acquirer: Acquirer) -> None:
    """The merchant gets client key and external id, and a call with another body gets nowhere."""
    headers = _caller_headers(acquirer.body_signed(ARBITRARY, datetime.now(UTC), EVERY_URI, external_id="7"))
    forged = behind_nginx.outside.post(EVERY_URI, headers=headers, content=ARBITRARY + b"x")
    message = "Unauthorized. X-PARTNER-ID or X-SIGNATURE"
    behind_nginx.refuse(forged, "4017700", message, 'Bearer error="invalid_request"', "signature.mismatch")
    assert behind_nginx.outside.post(EVERY_URI, headers=headers, content=ARBITRARY).status_code == 200
    received = behind_nginx.merchant.received()
    assert (received.values("X-Client-Key"), received.values("X-External-Id")) == ([CLIENT_KEY], ["7"])


def test_nginx_lets_no_call_choose_a_weaker_rule(behind_nginx: Stage, acquirer: Acquirer, nicepay: Nicepay) -> None:
    """On the path of two forms, a call that lost its token or has headers of both forms does not reach the merchant."""
    challenge = 'Bearer error="invalid_request"'
    call = NicoCall("", "ordNo8", asymmetric(nicepay), path=MIXED_URI)
    behind_nginx.refuse(behind_nginx.send(call), "4012503", "Token Not Found (B2B)", "Bearer", "token.absent")
    both = NicoCall(
        behind_nginx.token(), "ordNo9", asymmetric(nicepay), path=MIXED_URI, added={"X-CLIENT-KEY": CLIENT_KEY}
    )
    answer = behind_nginx.send(both)
    behind_nginx.refuse(answer, "4002501", "Invalid Field Format X-CLIENT-KEY", challenge, "call.headers_of_two_forms")
    stolen = acquirer.notification(datetime.now(UTC), MIXED_URI, signer=nicepay)
    answer = behind_nginx.outside.post(MIXED_URI, headers=_caller_headers(stolen), content=ARBITRARY)
    message = "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"
    behind_nginx.refuse(answer, "4012500", message, challenge, "signature.mismatch")


def test_caddy_cannot_have_calls_without_a_token(tmp_path: Path, nicepay: Nicepay, acquirer: Acquirer) -> None:
    """Caddy asks without the body and without the caller's X-CLIENT-KEY, so both forms are refused."""
    file = _settings(tmp_path, nicepay, 'call_headers = "x-forwarded"')
    challenge = 'Bearer error="invalid_request"'
    with staged(file, nicepay, proxies.caddy) as stage:
        headers = _caller_headers(acquirer.notification(datetime.now(UTC), EVERY_URI))
        answer = stage.outside.post(EVERY_URI, headers=headers, content=ARBITRARY)
        stage.refuse(answer, "4007702", "Invalid Mandatory Field X-PARTNER-ID", challenge, "header.missing")
        headers = _caller_headers(acquirer.body_signed(ARBITRARY, datetime.now(UTC), EVERY_URI))
        answer = stage.outside.post(EVERY_URI, headers=headers, content=ARBITRARY)
        stage.refuse(answer, "4017700", "Unauthorized. X-SIGNATURE", challenge, "call.body_not_forwarded")
