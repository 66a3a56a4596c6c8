"""`snap-token request call` plays the acquirer of each preset, and each particular that settings can have."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from handlers.cli import main
from handlers.config.presets import PresetService, presets
from tests.e2e.process import COMMAND, Process, free_port, running
from tests.nicepay import Nicepay

NOTIFIER = Nicepay()
OTHERS = """
[[clients]]
id = "SECRETS"
partner_id = ["12345", "67890"]
public_keys = ["calls.pem"]
call_signature = "symmetric"
client_secret_file = "client.secret"
body_hash = "base64"
empty_token_slot = true
origin = "bank.example"
channel_id = "95231"
external_id_format = "numeric"
external_id_max_length = 9
path_prefix_not_signed = "/merchant"
[[clients]]
id = "KEYS"
public_keys = ["calls.pem"]
body_hash = "base64"
path_prefix_not_signed = "/merchant"
external_id_format = "alphanumeric"
external_id_max_length = 12
[[services]]
path = "/merchant/prefixed"
service_code = "24"
forms = ["token", "body-signed"]
[[services]]
path = "/merchant/fixed"
service_code = "25"
forms = ["body-signed"]
signed_path = "/fixed"
"""


def _path(name: str, service: PresetService) -> str:
    return service.path or f"/{name}/notify"


PLAYED = [
    (name, _path(name, service), form)
    for name, preset in presets().items()
    for service in preset.services or (PresetService(forms=("token",), source="the form", confidence="confirmed"),)
    for form in service.forms
]


def _tables() -> str:
    clients = "".join(
        f'[[clients]]\nid = "{name}"\npreset = "{name}"\npublic_keys = ["calls.pem"]\n'
        'notification_keys = ["notifications.pem"]\nclient_secret_file = "client.secret"\n'
        for name in presets()
    )
    signed_paths = {
        _path(name, service): f'signed_path = "{service.signed_path}"\n'
        for name, preset in presets().items()
        for service in preset.services
        if service.signed_path
    }
    paths = dict.fromkeys(path for _, path, _ in PLAYED)
    services = "".join(
        f'[[services]]\npath = "{path}"\nservice_code = "77"\n{signed_paths.get(path, "")}'
        f"forms = {sorted({form for _, played, form in PLAYED if played == path})}\n"
        for path in paths
    )
    return f"{clients}{services}{OTHERS}"


@dataclass(frozen=True)
class Merchant:
    """A running server with a client for each preset."""

    config: Path
    server: Process

    def is_genuine(self, *options: str, config: Path | None = None) -> str:
        """Make a call. Return "" if the server finds it genuine, and otherwise why not."""
        key = self.config.with_name("notifications-private.pem" if "notification" in options else "calls-private.pem")
        body = self.config.with_name("body.json")
        # Two notifications of one second must differ in their bodies.
        body.write_text(f'{{ "arbitrary": "{uuid4()}" }}')
        named = ["--config", str(config or self.config), "--private-key", str(key), "--body", str(body)]
        status = main(["request", "call", *named, *options])
        line = self.server.err.event("call.genuine" if status == 0 else "call.refused")
        return "" if status == 0 else str(line["reason"])

    def without(self, line: str) -> Path:
        """A copy of the settings without this line, for a client that does not know its own particular."""
        text = self.config.read_text()
        assert f"{line}\n" in text
        copy = self.config.with_name("copy.toml")
        copy.write_text(text.replace(f"{line}\n", ""))
        return copy


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Merchant]:
    folder = tmp_path_factory.mktemp("presets")
    files = {
        "calls.pem": nicepay.public_pem,
        "calls-private.pem": nicepay.private_pem,
        "notifications.pem": NOTIFIER.public_pem,
        "notifications-private.pem": NOTIFIER.private_pem,
        "client.secret": "a client secret of this test",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    config = folder / "snap-token.toml"
    ports = f"[server]\nport = {free_port()}\n[internal]\nport = {free_port()}\n"
    config.write_text(f'{ports}[state]\nurl = "memory://"\n{_tables()}')
    assert main(["keygen", "token", str(folder / "token.keys")]) == 0
    with running(COMMAND, "serve", "--config", config) as server:
        server.err.event("internal.listening")
        yield Merchant(config, server)


@pytest.mark.parametrize(("name", "path", "form"), PLAYED)
def test_the_server_finds_the_calls_of_each_preset_genuine(merchant: Merchant, name: str, path: str, form: str) -> None:
    """The command and the server read the same preset. So the call is genuine in each form, with no other option."""
    assert not merchant.is_genuine("--client-key", name, "--path", path, "--form", form)


@pytest.mark.parametrize("client", ["SECRETS", "KEYS"])
@pytest.mark.parametrize(
    "path", ["/merchant/prefixed", "/merchant/prefixed?a=b", "/merchant/fixed", "/merchant/fixed?a"]
)
def test_the_server_finds_calls_with_particulars_genuine(merchant: Merchant, client: str, path: str) -> None:
    """The hash in base64, the empty token, both paths, and the pinned headers are those of the settings."""
    assert not merchant.is_genuine("--client-key", client, "--path", path, "--form", "body-signed")
    if client == "SECRETS" and "prefixed" in path:
        assert not merchant.is_genuine("--client-key", client, "--path", path, "--form", "token")


@pytest.mark.parametrize(
    ("client", "unknown", "reason"),
    [
        ("SECRETS", 'body_hash = "base64"', "signature.mismatch"),
        ("SECRETS", "empty_token_slot = true", "signature.mismatch"),
        ("SECRETS", 'path_prefix_not_signed = "/merchant"', "signature.mismatch"),
        ("SECRETS", 'origin = "bank.example"', "origin.mismatch"),
        ("SECRETS", 'channel_id = "95231"', "channel.mismatch"),
        ("SECRETS", 'external_id_format = "numeric"\nexternal_id_max_length = 9', "external_id.malformed"),
        ("SECRETS", 'partner_id = ["12345", "67890"]', "client.unknown"),
        ("KEYS", 'body_hash = "base64"', "signature.mismatch"),
        ("KEYS", 'path_prefix_not_signed = "/merchant"', "signature.mismatch"),
        ("KEYS", "external_id_max_length = 12", "external_id.malformed"),
        ("bca", 'preset = "bca"', "signature.mismatch"),
        ("faspay", 'preset = "faspay"', "channel.mismatch"),
        ("paylabs", 'signed_path = "/qr/qr-mpm-notify"', "signature.mismatch"),
    ],
)
def test_a_call_without_one_particular_is_refused(merchant: Merchant, client: str, unknown: str, reason: str) -> None:
    """A client that does not know one of its particulars is refused. So each of them reaches the call."""
    path = next((path for name, path, _ in PLAYED if name == client), "/merchant/prefixed")
    form = next((form for name, _, form in PLAYED if name == client), "body-signed")
    options = ("--client-key", client, "--path", path, "--form", form)
    assert merchant.is_genuine(*options, config=merchant.without(unknown)) == reason


def test_a_secret_in_a_file_signs_a_call_with_an_empty_token(
    merchant: Merchant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--client-secret-file names the secret of such a body-signed call. Another client does not use it."""
    (tmp_path / "other.secret").write_text("another secret")
    options = ("--path", "/merchant/prefixed", "--form", "body-signed")
    secret = ("--client-secret-file", str(tmp_path / "other.secret"))
    assert merchant.is_genuine("--client-key", "SECRETS", *options, *secret) == "signature.mismatch"
    capsys.readouterr()
    config = ("--config", str(merchant.config))
    assert main(["request", "call", *config, "--client-key", "KEYS", *options, *secret]) == 2
    expected = "snap-token: a call of the form body-signed does not use --client-secret-file"
    assert capsys.readouterr().err.startswith(expected)
