"""The paths of other acquirers through nginx with the file of `docs/deploy`, with a real server behind it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from handlers.cli import main
from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.stage import Stage, settings, staged
from tests.nicepay import BODY, Nicepay, jakarta
from tests.pages import DEPLOY

BCA = "/openapi/v1.0/transfer-va/inquiry"
BRI = "/snap/v1.0/transfer-va/notify-payment-intrabank"
BRI_QR = "/snap/v1.1/qr/qr-mpm-notify"
FASPAY = "/v1.0/transfer-va/inquiry"
FASPAY_PREFIXED = "/merchant/v1.0/transfer-va/payment"
DOKU = "/transfer-va/inquiry"
DANA = "/debit/notify"
NICEPAY = "/api/v1.0/transfer-va/payment"
CALLS = [
    ("bca", BCA, "token"),
    ("bri", BRI, "token"),
    ("bri", BRI_QR, "token"),
    ("faspay", FASPAY, "body-signed"),
    ("faspay", FASPAY_PREFIXED, "body-signed"),
    ("doku", DOKU, "token"),
    ("dana", DANA, "body-signed"),
    ("nicepay-niva", NICEPAY, "token"),
]
TOKENS = {"bca": "/openapi/v1.0/access-token/b2b", "bri": "/snap/v1.0/access-token/b2b"}
TABLES = "".join(
    f'[[clients]]\nid = "{name}"\npreset = "{name}"\npublic_keys = ["calls.pem"]\nclient_secret_file = "calls.secret"\n'
    for name in dict.fromkeys(name for name, _, _ in CALLS)
) + "".join(f'[[services]]\npath = "{path}"\nservice_code = "77"\nforms = ["{form}"]\n' for _, path, form in CALLS)


def _with_paths_of_the_comment(text: str) -> str:
    """The file with the expression that its comment offers for paths without a version."""
    (offered,) = re.findall(r"# paths: (\S+)", text)
    written = "location ~ ^(/[^/]+)?/v1\\.[01]/ {"
    assert text.count(written) == 1
    return text.replace(written, f"location ~ {offered} {{")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("paths")
    for name, text in {"calls.pem": nicepay.public_pem, "calls-private.pem": nicepay.private_pem}.items():
        (folder / name).write_text(text)
    (folder / "calls.secret").write_text("a client secret of this test")
    (folder / "calls.secret").chmod(0o600)
    (folder / "body.json").write_bytes(ARBITRARY)
    file = settings(folder, nicepay, "memory://", 'accel_redirect = "@merchant"')
    file.write_text(f"{file.read_text()}\n{TABLES}")
    with staged(file, nicepay, partial(proxies.nginx, edit=_with_paths_of_the_comment)) as running:
        yield running


def _token_file(stage: Stage, nicepay: Nicepay, name: str) -> Path:
    """Request a token at the path of this acquirer."""
    timestamp = jakarta(datetime.now(UTC))
    headers = nicepay.headers(timestamp) | {"X-CLIENT-KEY": name, "X-SIGNATURE": nicepay.signature(timestamp, name)}
    path = TOKENS.get(name, "/api/v1.0/access-token/b2b")
    answer = stage.outside.post(f"{path}?a=1", headers=headers, content=BODY)
    file = stage.settings.with_name("token")
    file.write_text(answer.json()["accessToken"])
    return file


@pytest.mark.parametrize(("name", "path", "form"), CALLS)
def test_calls_of_each_acquirer_reach_the_merchant(
    stage: Stage, nicepay: Nicepay, name: str, path: str, form: str
) -> None:
    """A token from the acquirer's own path, and a call to its own path. nginx passes the URI on as it is."""
    folder = stage.settings.parent
    token = ["--token-file", str(_token_file(stage, nicepay, name))] if form == "token" else []
    url = f"https://127.0.0.1:{stage.proxy.port}{path}?a=%2F"
    trusted = ["--ca-file", str(folder / "certificate.pem"), "--private-key", str(folder / "calls-private.pem")]
    call = ["--client-key", name, "--url", url, "--body", str(folder / "body.json")]
    assert main(["request", "call", "--config", str(stage.settings), *call, *token, *trusted]) == 0
    received = stage.merchant.received()
    assert (received.target, received.body) == (f"{path}?a=%2F", ARBITRARY)
    assert received.values("X-Client-Key") == [name]


@pytest.mark.parametrize("path", ["/openapi/v1.0/other", "/snap/v1.0", f"{BCA}/", "/x/v1.0/../../authorize", "/v1.2/x"])
def test_a_path_that_no_service_has_is_not_found(stage: Stage, path: str) -> None:
    """A path that the settings do not name is refused with 404, and the merchant's service receives nothing."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-TIMESTAMP: 2026-01-22T12:00:00+07:00\r\n"
    call = (
        "Authorization: Bearer x\r\nX-SIGNATURE: AAAA\r\nX-PARTNER-ID: x\r\nX-EXTERNAL-ID: 1\r\nContent-Length: 0\r\n"
    )
    answer = stage.proxy.exchange(f"{head}{call}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert stage.merchant.calls.empty()


def test_the_paths_in_the_file_are_those_of_its_comment() -> None:
    """The file itself has the paths with a version, so that only acquirers without one need a change."""
    pattern = re.compile(r"^(/[^/]+)?/v1\.[01]/")
    text = (DEPLOY / "nginx.conf").read_text()
    assert f"location ~ {pattern.pattern} {{" in text
    protected = {path for _, path, _ in CALLS if pattern.match(path)}
    assert protected == {BCA, BRI, BRI_QR, FASPAY, FASPAY_PREFIXED, NICEPAY}
