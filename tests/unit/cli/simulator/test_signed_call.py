"""Calls with a token, made by the command and checked by the real listeners."""

import asyncio
import hashlib
import hmac
import io
import json
import shlex
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from socket import socket

import httpx
import pytest
import uvloop
from starlette.types import ASGIApp

from handlers.cli import main
from handlers.cli.simulator import signed_call
from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.openapi.application import application, internal_api, public_api
from handlers.server.openapi.internal_api import ForwardedCall
from handlers.server.process import assembly, lifecycle, uvicorn_server
from handlers.server.process.uvicorn_server import Server
from tests.listening import listening_on
from tests.merchant import write_settings
from tests.nicepay import Nicepay

URI = "/api/v1.0/transfer-va/inquiry?page=1"
BODY = '{ "payNo": "1 2",\n  "amount": 10.00 }\n'
PROXY_SECRET = "the-secret-of-this-proxy"
CLIENT_SECRET = "the client secret of this test"


@dataclass(frozen=True)
class Setup:
    """Both listeners of a merchant, and the files with which the command plays NICEPAY."""

    folder: Path
    stream: io.StringIO

    @property
    def config(self) -> str:
        return str(self.folder / "snap-token.toml")

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def call(self, *options: str) -> int:
        return main(["request", "call", "--config", self.config, *options])

    def events(self) -> list[str]:
        events = [json.loads(line)["event"] for line in self.stream.getvalue().splitlines()]
        return [event for event in events if event.startswith(("call.", "token."))]

    def lines(self) -> list[str]:
        return Path(self.config).read_text().splitlines()

    @property
    def symmetric(self) -> bool:
        return 'call_signature = "symmetric"' in self.lines()

    def internal_port(self) -> str:
        lines = self.lines()
        return lines[lines.index("[internal]") + 1].partition(" = ")[2]


def _settings(setup: Setup, nicepay: Nicepay, ports: list[int], call_headers: str, form: str) -> Settings:
    setup.file("proxy.secret", PROXY_SECRET)
    setup.file("client.secret", CLIENT_SECRET)
    setup.file("nicepay-private.pem", nicepay.private_pem)
    extra = (
        f'[server]\nport = {ports[0]}\n[internal]\nport = {ports[1]}\nsecret_file = "proxy.secret"\n'
        f'call_headers = "{call_headers}"\n[[services]]\npath = "{URI.partition("?")[0]}"\nservice_code = "24"\n'
        'methods = ["GET", "POST"]\n'
    )
    config = write_settings(setup.folder, nicepay, extra=extra)
    client = f'client_secret_file = "client.secret"\npartner_id = "PARTNER"\ncall_signature = "{form}"\n'
    config.write_text(f"{config.read_text()}\n{client}")
    return Settings.load(config)


def _apps(settings: Settings, shared: assembly.ProcessResources) -> list[ASGIApp]:
    """Both applications, built as `serve` builds them."""
    assert settings.internal
    services = assembly.build_services(settings, shared)
    api = internal_api(settings.internal, lambda: services)
    asked = application(api, lambda: services)
    forwarded = settings.internal.call_headers == "x-forwarded"
    return [
        application(public_api(settings.server.base_path), lambda: services),
        ForwardedCall(asked) if forwarded else asked,
    ]


def _run(serving: list[tuple[Server, socket]], shared: assembly.ProcessResources) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(lifecycle.run_servers(serving, [shared.running()]))


@pytest.fixture(
    scope="module", params=[("x-original", "asymmetric"), ("x-forwarded", "symmetric")], ids=["asymmetric", "symmetric"]
)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay
) -> Iterator[Setup]:
    """The listeners of a merchant with a proxy secret and a service, for one of the two signature forms."""
    setup = Setup(tmp_path_factory.mktemp("merchant"), io.StringIO())
    listeners = [listening_on("127.0.0.1", 0) for _ in range(2)]
    ports = [listener.getsockname()[1] for listener in listeners]
    settings = _settings(setup, nicepay, ports, *request.param)
    configure.set_up(setup.stream)
    shared = assembly.open_resources(settings)
    serving = [
        (uvicorn_server.make_server(app), listener)
        for app, listener in zip(_apps(settings, shared), listeners, strict=True)
    ]
    thread = threading.Thread(target=_run, args=(serving, shared))
    thread.start()
    yield setup
    lifecycle.request_shutdown(server for server, _ in serving)
    thread.join()


@pytest.fixture
def setup(running: Setup) -> Setup:
    """These listeners, with an empty log."""
    configure.set_up(running.stream)
    running.stream.seek(0)
    running.stream.truncate()
    return running


def test_a_call_is_genuine(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """The command requests a token and signs the call in the agreed form. The internal listener finds it genuine."""
    assert setup.call("--path", URI, "--body", setup.file("body.json", BODY)) == 0
    out, err = capsys.readouterr()
    assert (setup.events(), err) == (["token.issued", "call.genuine"], "")
    assert "\nHTTP/1.1 200 OK\n" in out
    assert "\nx-client-key: IONPAYTEST\n" in out
    assert "\nX-Internal-Authorization: (secret)\n" in out
    assert "\nAuthorization: (secret)\n" in out
    assert PROXY_SECRET not in out
    assert CLIENT_SECRET not in out


def test_a_printed_authorize_request_can_be_explained(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` explains a printed curl command to /authorize as the call in it, in both forms and header pairs."""
    asked = ["curl", "call", "--config", setup.config, "--path", URI, "--body", setup.file("body.json", BODY)]
    assert main(asked) == 0
    command = setup.file("question", capsys.readouterr().out)
    assert main(["explain", "--config", setup.config, command]) == 0
    assert capsys.readouterr().out.startswith("genuine (")
    setup.file("question", Path(command).read_text().replace("10.00", "99.00"))
    assert main(["explain", "--config", setup.config, command]) == (1 if setup.symmetric else 0)


def test_a_call_without_a_body_is_genuine(setup: Setup) -> None:
    """A GET has no body, and the request to /authorize has none either."""
    assert setup.call("--path", URI, "--method", "GET", "--external-id", "ordNo1") == 0
    assert setup.events() == ["token.issued", "call.genuine"]


def test_the_form_can_be_chosen(setup: Setup) -> None:
    """A call that is signed in the form that is not agreed is refused, with status 1."""
    body = setup.file("body.json", BODY)
    statuses = [setup.call("--path", URI, "--body", body, form) for form in ("--symmetric", "--asymmetric")]
    assert sorted(statuses) == [0, 1]
    assert sorted(setup.events())[:2] == ["call.genuine", "call.refused"]


def test_a_token_can_be_given(
    setup: Setup, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token from a file or from standard input is used, and no token is requested."""
    assert main(["request", "token", "--config", setup.config]) == 0
    token = json.loads(capsys.readouterr().out.split("\n\n")[-1])["accessToken"]
    assert setup.call("--path", URI, "--method", "GET", "--token-file", setup.file("token", f"{token}\n")) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{token}\n".encode())))
    assert setup.call("--path", URI, "--method", "GET", "--token-file", "-") == 0
    assert setup.events() == ["token.issued", "call.genuine", "call.genuine"]


def test_the_call_itself_can_be_sent(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """With --url the call itself is sent to that URL, here to a server without such a path."""
    (port,) = {line.partition(" = ")[2] for line in setup.lines() if line.startswith("port")} - {setup.internal_port()}
    assert setup.call("--url", f"http://127.0.0.1:{port}{URI}", "--method", "DELETE") == 1
    out = capsys.readouterr().out
    assert out.startswith(f"DELETE http://127.0.0.1:{port}{URI}\n")
    assert "\nX-PARTNER-ID: PARTNER\n" in out
    assert "X-Internal" not in out
    assert "X-Original" not in out
    assert "X-Forwarded" not in out


def test_without_a_token_there_is_no_call(setup: Setup, stranger: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """If the server refuses a token, one line says so. The exit status is 2."""
    other = setup.file("other.pem", stranger.private_pem)
    assert setup.call("--path", URI, "--method", "GET", "--private-key", other) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("snap-token: there is no token for the call: http://127.0.0.1:")
    assert "4017300" in err


@pytest.mark.parametrize("answer", ["<html>\n<p>x\n</html>", "[]", "{}", '{"accessToken": 1}', "x" * 9_999])
def test_an_answer_without_a_token_is_one_line(
    setup: Setup, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """If another program answers without a token, one short line has its answer. The exit status is 2."""
    monkeypatch.setattr(signed_call, "send", lambda _request: httpx.Response(200, text=answer))
    assert setup.call("--path", URI, "--method", "GET") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f" answers 200 {' '.join(answer.split())[:99]}" in err
    assert len(err) < 400


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file that holds a token or a client secret."""
    (tmp_path / "some.secret").write_text("some secret text\n")
    return str(tmp_path / "some.secret")


def _curl(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, dict[str, str]]:
    assert main(["curl", "call", *options]) == 0
    words = shlex.split(capsys.readouterr().out.replace("\\\n", ""))
    headers = dict(word.split(": ", 1) for flag, word in pairwise(words) if flag == "-H")
    return next(word for word in words if word.startswith("http")), headers


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://a.example/b?c=d%20e", "/b?c=d%20e"),
        ("https://a.example", "/"),
        ("https://a.example?x", "/?x"),
        ("https://a.example/b/../c d?e=é#f", "/c%20d?e=%C3%A9"),
    ],
)
def test_options_are_enough(secret: str, capsys: pytest.CaptureFixture[str], url: str, uri: str) -> None:
    """Options without settings are enough. Path and query are signed as they are sent."""
    options = ["--client-key", "A", "--partner-id", "P", "--external-id", "E", "--url", url, "--symmetric"]
    body = Path(secret).with_name("body")
    body.write_text(BODY)
    sent, headers = _curl(capsys, *options, "--client-secret-file", secret, "--token-file", secret, "--body", str(body))
    hashed = hashlib.sha256(b'{"payNo":"1 2","amount":10.00}').hexdigest()
    message = f"POST:{uri}:some secret text:{hashed}:{headers['X-TIMESTAMP']}"
    assert sent in {f"https://a.example{uri}", f"https://a.example{uri[1:]}"}
    assert (
        headers.pop("X-SIGNATURE") == b64encode(hmac.digest(b"some secret text", message.encode(), "sha512")).decode()
    )
    assert headers.pop("X-TIMESTAMP").endswith("+07:00")
    assert headers == {
        "Content-Type": "application/json",
        "Authorization": "Bearer some secret text",
        "X-PARTNER-ID": "P",
        "X-EXTERNAL-ID": "E",
    }


def test_the_partner_is_the_client_and_the_id_is_new(
    secret: str, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default the partner ID is the client key, and each call has a new external ID."""
    key = Path(secret).with_name("key.pem")
    key.write_text(nicepay.private_pem)
    options = ["--client-key", "A", "--url", "https://a.example/", "--token-file", secret, "--private-key", str(key)]
    (_, one), (_, other) = _curl(capsys, *options), _curl(capsys, *options)
    assert one["X-PARTNER-ID"] == "A"
    assert one["X-SIGNATURE"] == nicepay.signature(one["X-TIMESTAMP"], "A")
    assert len({one["X-EXTERNAL-ID"], other["X-EXTERNAL-ID"]}) == 2
    assert all(0 < len(each["X-EXTERNAL-ID"]) <= 36 for each in (one, other))


@pytest.fixture
def key(secret: str, nicepay: Nicepay) -> str:
    """The file of a private key."""
    file = Path(secret).with_name("key.pem")
    file.write_text(nicepay.private_pem)
    return str(file)


def test_a_notification_is_signed_over_client_and_time(
    key: str, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """A notification has three SNAP headers, and the named key signs it."""
    options = ["--client-key", "A", "--url", "https://a.example/", "--form", "notification", "--private-key", key]
    _, headers = _curl(capsys, *options)
    timestamp = headers.pop("X-TIMESTAMP")
    assert headers == {"X-CLIENT-KEY": "A", "X-SIGNATURE": nicepay.signature(timestamp, "A")}


def test_a_body_signed_call_is_signed_over_its_body(
    key: str, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """A body-signed call has no token, and its signature covers method, URI, minified body and time."""
    options = ["--client-key", "A", "--url", "https://a.example/b?c", "--form", "body-signed", "--private-key", key]
    body = Path(key).with_name("body")
    body.write_text(BODY)
    _, headers = _curl(capsys, *options, "--channel-id", "95231", "--external-id", "E", "--body", str(body))
    hashed = hashlib.sha256(b'{"payNo":"1 2","amount":10.00}').hexdigest()
    timestamp = headers.pop("X-TIMESTAMP")
    assert headers == {
        "Content-Type": "application/json",
        "X-PARTNER-ID": "A",
        "X-SIGNATURE": nicepay.signature_of(f"POST:/b?c:{hashed}:{timestamp}"),
        "X-EXTERNAL-ID": "E",
        "CHANNEL-ID": "95231",
    }


def test_a_notification_needs_its_own_key(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """The key of the sandbox signs no notification, so --private-key is required. The only path is the default."""
    assert setup.call("--form", "notification", "--path", URI) == 2
    assert capsys.readouterr().err.startswith("snap-token: the notification key signs a notification")


def test_the_only_service_is_the_default(setup: Setup, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --path, the call goes to the only service that accepts the form. Without one, --path is required."""
    assert setup.call("--body", setup.file("body.json", BODY)) == 0
    assert f"Uri: {URI.partition('?')[0]}\n" in capsys.readouterr().out.replace("URI:", "Uri:")
    assert setup.call("--form", "body-signed") == 2
    expected = "snap-token: the settings have 0 services that accept the form body-signed; add --path or --url\n"
    assert capsys.readouterr() == ("", expected)


def test_the_channel_of_the_settings_is_the_default(
    key: str, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the settings pin a CHANNEL-ID, the call has it. An option comes before the settings."""
    settings_file.write_text(f'{settings_file.read_text()}\nchannel_id = "95231"\n')
    options = ["--config", str(settings_file), "--url", "https://a.example/", "--form", "body-signed"]
    _, pinned = _curl(capsys, *options, "--private-key", key)
    _, chosen = _curl(capsys, *options, "--private-key", key, "--channel-id", "1")
    assert (pinned["CHANNEL-ID"], chosen["CHANNEL-ID"]) == ("95231", "1")


def _mistake(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["request", "call", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removeprefix("snap-token: ").strip()


WHICH = "options are missing; add --config or --client-key, and one of --path and --url"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param([], WHICH, id="nothing"),
        pytest.param(["--client-key", "A"], WHICH, id="no call"),
        pytest.param(["--client-key", "A", "--path", "/x", "--url", "https://a.example"], WHICH, id="two calls"),
        pytest.param(["--url", "https://a.example"], WHICH, id="no client"),
        pytest.param(
            ["--client-key", "A", "--url", "https://a:b", "--token-file", "SECRET"],
            "the call to https://a:b cannot be sent: Invalid port: 'b'",
            id="no URL",
        ),
        pytest.param(
            ["--client-key", "A", "--url", "https://a.example"],
            "options are missing; add --config, or all of --url, --client-key and --private-key",
            id="nowhere to get a token",
        ),
        pytest.param(
            ["--client-key", "A", "--url", "https://a.example", "--token-file", "SECRET"],
            "there is no key to sign with; add --config or --private-key",
            id="no key",
        ),
        pytest.param(
            ["--client-key", "A", "--url", "https://a.example", "--token-file", "SECRET", "--symmetric"],
            "there is no client secret; add --client-secret-file, or client_secret_file in the settings",
            id="no secret",
        ),
        pytest.param(
            ["--client-key", "A", "--url", "https://a.example", "--token-file", "-", "--body", "-"],
            "more than one option is -; standard input can serve only one of them",
            id="standard input twice",
        ),
        pytest.param(
            ["--client-key", "A", "--url", "https://a.example", "--private-key", "-", "--body", "-"],
            "more than one option is -; standard input can serve only one of them",
            id="standard input for key and body",
        ),
    ],
)
def test_a_missing_option_is_one_line(
    secret: str, capsys: pytest.CaptureFixture[str], options: list[str], expected: str
) -> None:
    """An option that is missing is one line that names it. The exit status is 2."""
    given = [secret if option == "SECRET" else option for option in options]
    assert _mistake(capsys, *given) == expected


@pytest.mark.parametrize("token", ["hush\nhush", "hush\0"])
def test_a_token_that_cannot_be_sent_is_not_repeated(
    secret: str, capsys: pytest.CaptureFixture[str], token: str
) -> None:
    """A token file with more than a token is refused, and none of its content is printed."""
    Path(secret).write_text(token)
    options = ["--client-key", "A", "--url", "https://a.example", "--token-file", secret]
    assert (
        _mistake(capsys, *options) == "the access token has a character that a header cannot carry; check --token-file"
    )


def test_a_path_needs_an_internal_listener(
    secret: str, nicepay: Nicepay, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--path without an internal listener in the settings is an error."""
    key = Path(secret).with_name("key.pem")
    key.write_text(nicepay.private_pem)
    options = ["--config", str(settings_file), "--path", "/x", "--token-file", secret, "--private-key", str(key)]
    expected = "--path needs the internal listener; add [internal] to the settings, or use --url"
    assert _mistake(capsys, *options) == expected
