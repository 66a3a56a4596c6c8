"""`snap-token check --call` judges the product behind nginx with the file of `docs/deploy`, in each form of call."""

import json
from collections.abc import Iterator

import pytest

from handlers.judge.scenarios.calls import GENUINE
from tests.e2e import proxies
from tests.e2e.merchant_service import ARBITRARY
from tests.e2e.process import COMMAND, environment, run
from tests.e2e.stage import TOKEN, Stage, settings, staged
from tests.nicepay import CLIENT_KEY, Nicepay

NOTIFIER = Nicepay()
SECRET = "a client secret of this test"
SYMMETRIC = "SYMMETRIC"
PARTICULAR = "PARTICULAR"
TABLES = f"""
notification_keys = ["notification.pem"]
[[clients]]
id = "{SYMMETRIC}"
public_keys = ["nicepay.pem"]
call_signature = "symmetric"
client_secret_file = "client.secret"
[[clients]]
id = "{PARTICULAR}"
preset = "bca"
partner_id = ["12345", "67890"]
public_keys = ["nicepay.pem"]
client_secret_file = "client.secret"
body_hash = "base64"
empty_token_slot = true
origin = "bank.example"
path_prefix_not_signed = "/api"
[[services]]
path = "/api/v1.0/fixed"
service_code = "52"
signed_path = "/qr/qr-mpm-notify"
forms = ["body-signed"]
[[services]]
path = "/api/v1.0/transfer-va/inquiry"
service_code = "24"
[[services]]
path = "/api/v1.0/transfer-va/payment"
service_code = "25"
forms = ["token", "notification"]
[[services]]
path = "/api/v1.0/every"
service_code = "77"
forms = ["token", "notification", "body-signed"]
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("judged")
    secrets = {"private.pem": nicepay.private_pem, "notification-private.pem": NOTIFIER.private_pem}
    for name, text in {**secrets, "client.secret": SECRET, "notification.pem": NOTIFIER.public_pem}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    (folder / "body.json").write_bytes(ARBITRARY)
    file = settings(folder, nicepay, "memory://", 'accel_redirect = "@merchant"')
    (folder / "nicepay.pem").write_text(nicepay.public_pem)
    file.write_text(file.read_text() + TABLES)
    with staged(file, nicepay, proxies.nginx) as stage:
        yield stage


ASYMMETRIC = ["--client-key", CLIENT_KEY, "--private-key", "private.pem"]
WITH_SECRET = ["--client-key", SYMMETRIC, "--private-key", "private.pem", "--symmetric"]
WITH_SECRET += ["--client-secret-file", "client.secret"]
NOTIFICATION = ["--form", "notification", "--client-key", CLIENT_KEY, "--private-key", "notification-private.pem"]
BY_SETTINGS = ["--client-key", PARTICULAR, "--private-key", "private.pem", "--config", "snap-token.toml"]
BODY_SIGNED = ["--form", "body-signed", "--channel-id", "95221", *ASYMMETRIC]


@pytest.mark.parametrize(
    ("path", "code", "options"),
    [
        ("/api/v1.0/transfer-va/inquiry", "24", ASYMMETRIC),
        ("/api/v1.0/transfer-va/inquiry?page=1%2F2", "24", WITH_SECRET),
        ("/api/v1.0/transfer-va/payment", "25", WITH_SECRET),
        ("/api/v1.0/transfer-va/payment", "25", NOTIFICATION),
        ("/api/v1.0/every?a=b", "77", BODY_SIGNED),
        ("/api/v1.0/every", "77", WITH_SECRET),
        ("/api/v1.0/every", "77", ASYMMETRIC),
        ("/api/v1.0/every", "77", NOTIFICATION),
        ("/api/v1.0/transfer-va/inquiry?page=1", "", BY_SETTINGS),
        ("/api/v1.0/every", "", BY_SETTINGS),
        ("/api/v1.0/every", "", ["--form", "body-signed", *BY_SETTINGS]),
        ("/api/v1.0/fixed?a=b", "", ["--form", "body-signed", *BY_SETTINGS]),
        ("/api/v1.0/fixed", "", ["--form", "body-signed", *ASYMMETRIC, "--config", "snap-token.toml"]),
    ],
)
def test_the_product_passes_behind_nginx(stage: Stage, path: str, code: str, options: list[str]) -> None:
    """Each form passes all scenarios on paths of one and of several forms. Only genuine calls reach the service.

    With --config, the calls have the particulars in the settings.
    """
    origin = f"https://127.0.0.1:{stage.proxy.port}"
    token_url = [] if "--form" in options else [f"{origin}{TOKEN}"]
    command = ["check", *token_url, "--call", f"{origin}{path}", *options, "--strict", "--json"]
    command += ["--service-code", code] if code else []
    limits = ["--per-second", "20", "--ca-file", "certificate.pem", "--body", "body.json"]
    done = run(COMMAND, *command, *limits, cwd=stage.settings.parent, env=environment())
    report = json.loads(done.stdout)
    assert [each for each in report["scenarios"] if each["result"] != "passed"] == []
    assert (done.returncode, report["url"]) == (0, f"{origin}{path.partition('?')[0]}")
    assert f"{GENUINE} genuine calls reach the service behind it" in done.stderr
    received = [stage.merchant.calls.get(timeout=30) for _ in range(GENUINE)]
    assert stage.merchant.calls.empty()
    assert {(call.target, call.body) for call in received} == {(path, ARBITRARY)}


def test_a_service_that_the_proxy_does_not_protect_is_found(stage: Stage) -> None:
    """The merchant's service itself, without the proxy in front, fails every scenario of a refusal."""
    url = f"http://127.0.0.1:{stage.merchant.port}/api/v1.0/transfer-va/payment"
    command = ["check", "--call", url, *NOTIFICATION, "--per-second", "20", "--json"]
    done = run(COMMAND, *command, cwd=stage.settings.parent, env=environment())
    report = json.loads(done.stdout)
    failed = {each["name"] for each in report["scenarios"] if each["result"] == "failed"}
    assert done.returncode == 1
    assert {"call.replayed", "call.stale", "call.another_key", "call.without_x_signature"} <= failed
    while not stage.merchant.calls.empty():
        stage.merchant.calls.get()
