"""Calls of other acquirers through nginx, with a real server and their particulars in the settings."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest

import httpx
import pytest

from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.stage import Stage, settings, staged
from tests.merchant import BASE_PATH
from tests.nicepay import BODY, CLIENT_KEY, Nicepay, jakarta

SECRET = "the-secret-of-the-bank"
BANK = Nicepay("BANK")
PAYMENT = "/api/v1.0/bank/payment"
NOTIFY = "/api/v1.0/gateway/notify"
CHALLENGE = 'Bearer error="invalid_request"'
TABLES = f"""
[[clients]]
id = "BANK"
preset = "bca"
partner_id = ["12345", "67890"]
public_keys = ["bank.pem"]
client_secret_file = "bank.secret"
origin = "bank.example"
empty_token_slot = true
[[clients]]
id = "GATEWAY"
public_keys = ["{CLIENT_KEY}.pem"]
body_hash = "base64"
path_prefix_not_signed = "/api"
[[services]]
path = "{PAYMENT}"
service_code = "25"
forms = ["token", "body-signed"]
[[services]]
path = "{NOTIFY}"
service_code = "52"
forms = ["body-signed"]
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Stage]:
    """The server behind nginx, with a bank that leaves the token empty and a gateway that signs another path."""
    folder = tmp_path_factory.mktemp("acquirers")
    (folder / "bank.pem").write_text(BANK.public_pem)
    (folder / "bank.secret").write_text(SECRET)
    (folder / "bank.secret").chmod(0o600)
    file = settings(folder, nicepay, "memory://", 'accel_redirect = "@merchant"')
    file.write_text(file.read_text() + TABLES)
    with staged(file, nicepay, proxies.nginx) as running:
        yield running


def _token(stage: Stage) -> str:
    headers = BANK.headers(jakarta(datetime.now(UTC)))
    answer = stage.outside.post(f"{BASE_PATH}/access-token/b2b", headers=headers, content=BODY)
    token: str = answer.json()["accessToken"]
    return token


def _bank_headers(token: str = "", external_id: str = "1") -> dict[str, str]:
    timestamp = jakarta(datetime.now(UTC))
    message = f"POST:{PAYMENT}::{sha256(ARBITRARY).hexdigest()}:{timestamp}"
    return {
        **({"Authorization": f"bearer {token}"} if token else {}),
        "X-TIMESTAMP": timestamp,
        "X-PARTNER-ID": "67890",
        "X-SIGNATURE": b64encode(digest(SECRET.encode(), message.encode(), "sha512")).decode(),
        "X-EXTERNAL-ID": external_id,
        "CHANNEL-ID": "95231",
        "ORIGIN": "bank.example",
    }


def _gateway_headers(nicepay: Nicepay, path: str, hashed: str) -> dict[str, str]:
    timestamp = jakarta(datetime.now(UTC))
    return {
        "X-TIMESTAMP": timestamp,
        "X-PARTNER-ID": "GATEWAY",
        "X-SIGNATURE": nicepay.signature_of(f"POST:{path}:{hashed}:{timestamp}"),
        "X-EXTERNAL-ID": "1",
    }


def _post(stage: Stage, path: str, headers: dict[str, str]) -> httpx.Response:
    return stage.outside.post(path, headers=headers, content=ARBITRARY)


def test_a_bank_calls_with_and_without_its_token(stage: Stage) -> None:
    """Both calls have an empty token in the string to sign, and the merchant's service learns which client called."""
    for external_id, headers in (("1", _bank_headers(_token(stage), "1")), ("2", _bank_headers("", "2"))):
        assert _post(stage, PAYMENT, headers).status_code == 200
        received = stage.merchant.received()
        assert (received.values("X-Client-Key"), received.values("X-External-Id")) == (["BANK"], [external_id])
        stage.server.err.event("call.genuine")


@pytest.mark.parametrize(
    ("changed", "code", "message", "reason"),
    [
        ({"CHANNEL-ID": "95221"}, "4012500", "Unauthorized. CHANNEL-ID", "channel.mismatch"),
        ({"ORIGIN": ""}, "4012500", "Unauthorized. ORIGIN", "origin.mismatch"),
        ({"X-EXTERNAL-ID": "ordNo1"}, "4002501", "Invalid Field Format X-EXTERNAL-ID", "external_id.malformed"),
        ({"X-EXTERNAL-ID": "1" * 37}, "4002501", "Invalid Field Format X-EXTERNAL-ID", "external_id.malformed"),
        ({"X-PARTNER-ID": "BANK"}, "4012500", "Unauthorized. X-PARTNER-ID or X-SIGNATURE", "client.unknown"),
    ],
)
def test_a_bank_keeps_to_its_particulars(
    stage: Stage, changed: dict[str, str], code: str, message: str, reason: str
) -> None:
    """A call with another header value than the settings allow does not reach the merchant's service."""
    answer = _post(stage, PAYMENT, _bank_headers(external_id="3") | changed)
    stage.refuse(answer, code, message, CHALLENGE, reason)


def test_a_gateway_signs_its_own_path_and_hash(stage: Stage, nicepay: Nicepay) -> None:
    """Only the path without the prefix and the hash in base64 are right. The merchant gets the whole path."""
    hashed = sha256(ARBITRARY)
    right, base64 = NOTIFY.removeprefix("/api"), b64encode(hashed.digest()).decode()
    message = "Unauthorized. X-PARTNER-ID or X-SIGNATURE"
    for path, written in ((NOTIFY, base64), (right, hashed.hexdigest()), (NOTIFY, hashed.hexdigest())):
        answer = _post(stage, NOTIFY, _gateway_headers(nicepay, path, written))
        stage.refuse(answer, "4015200", message, CHALLENGE, "signature.mismatch")
    assert _post(stage, NOTIFY, _gateway_headers(nicepay, right, base64)).status_code == 200
    assert stage.merchant.received().target == NOTIFY
