"""Refusals of a service with additional members, from the internal listener."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from handlers.config.settings import Settings
from handlers.server.http import limits
from tests.calls import unloaded_revocations
from tests.internal import InternalListener, running_internal, write_internal_settings
from tests.merchant import Clock
from tests.nicepay import Nicepay

TEMPLATE = {
    "virtualAccountData": {
        "inquiryStatus": "01",
        "virtualAccountNo": "$body.virtualAccountNo",
        "inquiryRequestId": "$header.X-EXTERNAL-ID",
    }
}
BODY = json.dumps({"virtualAccountNo": "  11223 \\"}).encode()
SECRET = {"X-Internal-Authorization": "Bearer the-secret-of-the-proxy-and-nobody-else"}


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[InternalListener]:
    """A listener whose service 24 has a template."""
    folder: Path = tmp_path_factory.mktemp("members")
    (folder / "refusal.json").write_text(json.dumps(TEMPLATE))
    file = write_internal_settings(folder, nicepay, secret=True, internal="body_limit_bytes = 20000")
    code = 'service_code = "24"'
    file.write_text(file.read_text().replace(code, f'{code}\nrefusal_members_file = "refusal.json"'))
    with running_internal(Settings.load(file), Clock()) as found:
        yield found


def _members(number: str, external_id: str) -> dict[str, object]:
    data = {"inquiryStatus": "01", "virtualAccountNo": number, "inquiryRequestId": external_id}
    return {"virtualAccountData": data}


@pytest.mark.parametrize(
    ("changed", "code", "body", "number", "external_id"),
    [
        ({"X-SIGNATURE": ""}, "4002402", BODY, "  11223 \\", "ordNo"),
        ({"X-EXTERNAL-ID": ""}, "4002402", BODY, "  11223 \\", ""),
        ({"CHANNEL-ID": "a b"}, "4002401", BODY, "  11223 \\", "ordNo"),
        ({"X-TIMESTAMP": "now"}, "4002401", b"no JSON", "", "ordNo"),
        ({"X-Original-Method": "PUT"}, "4052400", BODY, "  11223 \\", "ordNo"),
        ({}, "4132400", BODY + b" " * 20_000, "", "ordNo"),
        ({"X-A": "a" * 16_000}, "4312400", BODY, "", "ordNo"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_refusal_has_the_members(  # noqa: PLR0913, PLR0917  the columns of a table
    listener: InternalListener,
    nicepay: Nicepay,
    changed: dict[str, str],
    code: str,
    body: bytes,
    number: str,
    external_id: str,
    *,
    chunked: bool,
) -> None:
    """They have values of the call even if its headers are refused before its body is needed.

    A body that is no JSON, or is not read because of a limit, gives empty texts.
    """
    headers = listener.asymmetric(nicepay) | SECRET | {"X-EXTERNAL-ID": "ordNo"} | changed
    answer = listener.authorize(headers, iter([body]) if chunked else body).json()
    assert (answer.pop("responseCode"), bool(answer.pop("responseMessage"))) == (code, True)
    assert answer == _members(number, external_id)


def test_a_repeat_has_the_members(listener: InternalListener, nicepay: Nicepay) -> None:
    """The conflict repeats the values of the repeated call."""
    headers = listener.asymmetric(nicepay) | SECRET
    assert listener.authorize(headers, BODY).status_code == 200
    expected = {"responseCode": "4092400", "responseMessage": "Conflict"}
    assert listener.authorize(headers, BODY).json() == expected | _members("  11223 \\", headers["X-EXTERNAL-ID"])


def test_a_call_without_its_body_has_the_members(listener: InternalListener, nicepay: Nicepay) -> None:
    """If the proxy asks by GET, the server reads no body, and the values of the body are empty texts."""
    headers = listener.asymmetric(nicepay) | SECRET | {"X-SIGNATURE": "?"}
    answer = listener.authorize(headers, BODY, method="GET").json()
    assert answer["virtualAccountData"]["virtualAccountNo"] == ""


def test_a_repeated_header_gives_an_empty_text(listener: InternalListener, nicepay: Nicepay) -> None:
    """Nobody can tell which of the two values counts."""
    headers = list((listener.asymmetric(nicepay) | SECRET | {"X-EXTERNAL-ID": "a"}).items())
    answer = listener.authorize([*headers, ("X-EXTERNAL-ID", "b")], BODY).json()
    assert answer["responseCode"] == "4002400"
    assert answer["virtualAccountData"] == _members("  11223 \\", "")["virtualAccountData"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"X-SIGNATURE": "AAAA"}, "4012400"),
        ({"Authorization": ""}, "4012403"),
        ({"X-Internal-Authorization": "Bearer wrong"}, "4010000"),
        ({"X-Original-URI": "/elsewhere"}, "4040000"),
        ({"X-Original-URI": "/api/v1.0/cvs/payment", "X-SIGNATURE": ""}, "4009902"),
    ],
)
def test_other_refusals_have_two_members(
    listener: InternalListener, nicepay: Nicepay, changed: dict[str, str], code: str
) -> None:
    """A 401, an unknown path and a service without a template keep the two members of SNAP."""
    answer = listener.authorize(listener.asymmetric(nicepay) | SECRET | changed, BODY).json()
    assert (set(answer), answer["responseCode"]) == ({"responseCode", "responseMessage"}, code)


def test_other_operations_have_two_members(listener: InternalListener) -> None:
    """The headers of a call do not add members to the refusal of another operation."""
    headers = {"Authorization": SECRET["X-Internal-Authorization"], "X-Original-URI": "/api/v1.0/transfer-va/inquiry"}
    answer = listener.post_form("/introspect", "", headers).json()
    assert set(answer) == {"responseCode", "responseMessage"}


def test_a_server_error_has_two_members(tmp_path: Path, nicepay: Nicepay) -> None:
    """A refusal that is the server's fault keeps the two members of SNAP."""
    (tmp_path / "refusal.json").write_text(json.dumps(TEMPLATE))
    file = write_internal_settings(tmp_path, nicepay)
    code = 'service_code = "24"'
    file.write_text(file.read_text().replace(code, f'{code}\nrefusal_members_file = "refusal.json"'))
    settings = Settings.load(file)
    down = unloaded_revocations()
    with running_internal(settings, Clock(), lambda services: replace(services, revocations=down)) as found:
        answer = found.authorize(found.asymmetric(nicepay), BODY).json()
        assert answer == {"responseCode": "5002402", "responseMessage": "External Server Error"}


def test_a_body_that_does_not_come_is_not_waited_for_forever(
    listener: InternalListener, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the body does not arrive before the deadline, the refusal comes without its values."""
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    headers = listener.asymmetric(nicepay) | SECRET | {"X-SIGNATURE": "?", "Content-Length": "9", "Host": "a"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    address = urlsplit(listener.origin)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 30) as connection:
        connection.sendall(f"POST /authorize HTTP/1.1\r\n{head}\r\n{{".encode())
        answer = connection.recv(65_536)
        while not answer.endswith(b"}") and (more := connection.recv(65_536)):  # The body may come after the headers.
            answer += more
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"virtualAccountNo":""' in answer
