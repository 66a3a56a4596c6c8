"""Requests of real clients: published signatures at their own time, and captured requests of third-party clients."""

import json
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handlers.config.settings import Settings
from tests.merchant import Clock, Merchant, running, write_settings
from tests.nicepay import JAKARTA, Nicepay, jakarta
from tests.vectors import DATA, asymmetric

CAPTURED: list[dict[str, Any]] = json.loads((DATA / "clients.json").read_text(encoding="utf-8"))["requests"]
MISLABELLED = {"python-nicepay 1.1.1 (PyPI), host zone UTC", "nodejs-nicepay (official NICEPAY)"}
WITHOUT_GRANT_TYPE = {"midtrans-client 1.4.3 (npm)"}


def _send(request: dict[str, Any], merchant: Merchant, nicepay: Nicepay) -> httpx.Response:
    """Send the captured request, signed again at the time of the merchant's clock."""
    zones = {
        "utc": merchant.clock.now.strftime("%Y-%m-%dT%H:%M:%S"),
        "local": merchant.clock.now.strftime("%Y-%m-%dT%H:%M:%S"),
        "jakarta": merchant.clock.now.astimezone(JAKARTA).strftime("%Y-%m-%dT%H:%M:%S"),
    }
    headers = {name: value for name, value in request["headers"] if name.lower() != "content-length"}
    timestamp = headers["X-TIMESTAMP"].format(**zones)
    values = {**zones, "client_key": nicepay.client_key, "signature": nicepay.signature(timestamp)}
    filled = [(name, value.format(**values)) for name, value in headers.items()]
    method, path, _ = request["request_line"].split()
    return merchant.send(filled, request["body"].encode(), method=method, path=path)


@pytest.mark.parametrize("request_", CAPTURED, ids=[each["client"] for each in CAPTURED])
def test_captured_clients_are_served(merchant: Merchant, nicepay: Nicepay, request_: dict[str, Any]) -> None:
    """Each captured client gets a token, except those that mislabel their clock or send no grantType."""
    response = _send(request_, merchant, nicepay)
    line = merchant.decision()
    if request_["client"] in MISLABELLED:
        assert response.json() == {"responseCode": "4017300", "responseMessage": "Unauthorized. X-TIMESTAMP"}
        assert line["reason"] == "clock.local_time_labelled_jakarta"
        assert line["cause"] == "local time of a UTC host labelled +07:00"
        assert line["clock_skew_seconds"] == -25200.25
    elif request_["client"] in WITHOUT_GRANT_TYPE:
        assert response.json() == {
            "responseCode": "4007302",
            "responseMessage": "Invalid Mandatory Field grantType",
        }
        assert line["field"] == "grantType"
    else:
        assert response.json()["responseCode"] == "2007300"


@pytest.mark.parametrize(("key", "text", "signature"), asymmetric())
def test_published_signatures_get_a_token_at_their_own_time(
    key: RSAPublicKey, text: str, signature: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A published request gets a token in the second in which it was signed, and none a year later."""
    client_key, _, timestamp = text.partition("|")
    folder = tmp_path_factory.mktemp("vector")
    spki = b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    published = write_settings(folder, Nicepay(client_key))
    (folder / f"{client_key}.pem").write_text(spki)
    headers = {"X-TIMESTAMP": timestamp, "X-CLIENT-KEY": client_key, "X-SIGNATURE": signature}
    instant = datetime.fromisoformat(timestamp)
    with running(Settings.load(published), Clock(instant)) as merchant:
        assert merchant.send(headers).status_code == 200
        merchant.clock.now = instant.replace(year=instant.year + 1)
        assert merchant.send(headers).json()["responseMessage"] == "Unauthorized. X-TIMESTAMP"


def test_each_of_two_keys_verifies(tmp_path_factory: pytest.TempPathFactory) -> None:
    """While a client replaces its key, requests that are signed with the old or the new key get a token."""
    old, new = Nicepay(), Nicepay()
    folder = tmp_path_factory.mktemp("two-keys")
    settings = write_settings(folder, old)
    (folder / "new.pem").write_text(new.public_pem)
    settings.write_text(settings.read_text().replace('["IONPAYTEST.pem"]', '["IONPAYTEST.pem", "new.pem"]'))
    with running(Settings.load(settings), Clock()) as merchant:
        assert [merchant.ask(each).status_code for each in (old, new, Nicepay())] == [200, 200, 401]


def test_only_the_client_itself_learns_its_time_window(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A late request is refused for its timestamp only if its signature verifies; other callers learn no window."""
    wide, narrow, stranger = Nicepay("WIDE"), Nicepay("NARROW"), Nicepay("NARROW")
    settings = write_settings(tmp_path_factory.mktemp("windows"), wide, narrow, tolerance=100)
    settings.write_text(settings.read_text().replace("tolerance_seconds = 100", "tolerance_seconds = 400", 1))
    with running(Settings.load(settings), Clock()) as merchant:
        late = jakarta(merchant.clock.now.replace(minute=5))
        answers = {
            name: merchant.ask(each, late).json()
            for name, each in {
                "wide": wide,
                "narrow": narrow,
                "stranger": stranger,
                "nobody": Nicepay("NOBODY"),
            }.items()
        }
    assert answers["wide"]["responseCode"] == "2007300"
    assert answers["narrow"]["responseMessage"] == "Unauthorized. X-TIMESTAMP"
    assert answers["stranger"] == answers["nobody"]
    assert answers["nobody"]["responseMessage"] == "Unauthorized. X-CLIENT-KEY or X-SIGNATURE"


def test_a_repeat_is_a_conflict_where_the_settings_say_so(tmp_path: Path, nicepay: Nicepay) -> None:
    """With `repeat = "refuse"` a signed request gets one token, and each repeat of it gets 4097300."""
    file = write_settings(tmp_path, nicepay)
    file.write_text(file.read_text().replace("[token]", '[token]\nrepeat = "refuse"'))
    with running(Settings.load(file), Clock()) as merchant:
        assert merchant.ask(nicepay).status_code == 200
        assert merchant.ask(nicepay).json() == {"responseCode": "4097300", "responseMessage": "Conflict"}
