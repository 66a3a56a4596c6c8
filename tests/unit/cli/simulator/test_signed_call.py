"""The calls that follow the token, made by the command, judged by the real listeners."""

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
from handlers.server.process import assembly, lifecycle, sockets, uvicorn_server
from handlers.server.process.uvicorn_server import Server
from tests.merchant import write_settings
from tests.nicepay import Nicepay

URI = "/api/v1.0/transfer-va/inquiry?page=1"
BODY = '{ "payNo": "1 2",\n  "amount": 10.00 }\n'
PROXY_SECRET = "the-secret-of-this-proxy"
CLIENT_SECRET = "the client secret of this test"


@dataclass(frozen=True)
class Desk:
    """Both listeners of a merchant, and the files that play NICEPAY against them."""

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


def _settings(desk: Desk, nicepay: Nicepay, ports: list[int], call_headers: str, form: str) -> Settings:
    desk.file("proxy.secret", PROXY_SECRET)
    desk.file("client.secret", CLIENT_SECRET)
    desk.file("nicepay-private.pem", nicepay.private_pem)
    extra = (
        f'[server]\nport = {ports[0]}\n[internal]\nport = {ports[1]}\nsecret_file = "proxy.secret"\n'
        f'call_headers = "{call_headers}"\n[[services]]\npath = "{URI.partition("?")[0]}"\nservice_code = "24"\n'
        'methods = ["GET", "POST"]\n'
    )
    config = write_settings(desk.folder, nicepay, extra=extra)
    client = f'client_secret_file = "client.secret"\npartner_id = "PARTNER"\ncall_signature = "{form}"\n'
    config.write_text(f"{config.read_text()}\n{client}")
    return Settings.load(config)


def _apps(settings: Settings, shared: assembly.ProcessResources) -> list[ASGIApp]:
    """Both applications, as the command has them."""
    assert settings.internal
    services = assembly.build_services(settings, shared)
    api = internal_api(settings.internal, lambda: services)
    asked = application(api, lambda: services)
    forwarded = settings.internal.call_headers == "x-forwarded"
    return [
        application(public_api(settings.server.base_path), lambda: services),
        ForwardedCall(asked) if forwarded else asked,
    ]


def _live(serving: list[tuple[Server, socket]], shared: assembly.ProcessResources) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(lifecycle.run_servers(serving, [shared.running()]))


@pytest.fixture(params=[("x-original", "asymmetric"), ("x-forwarded", "symmetric")], ids=["asymmetric", "symmetric"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, nicepay: Nicepay) -> Iterator[Desk]:
    """A merchant with a proxy's secret and a service, who has agreed on one of the forms."""
    desk = Desk(tmp_path, io.StringIO())
    listeners = [sockets.listen("127.0.0.1", 0) for _ in range(2)]
    ports = [listener.getsockname()[1] for listener in listeners]
    settings = _settings(desk, nicepay, ports, *request.param)
    configure.set_up(desk.stream)
    shared = assembly.open_resources(settings)
    serving = [
        (uvicorn_server.make_server(app), listener)
        for app, listener in zip(_apps(settings, shared), listeners, strict=True)
    ]
    thread = threading.Thread(target=_live, args=(serving, shared))
    thread.start()
    yield desk
    lifecycle.request_shutdown(server for server, _ in serving)
    thread.join()


def test_a_call_is_genuine(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A token is asked for, the call is signed as agreed, and the internal listener finds it genuine."""
    assert desk.call("--path", URI, "--body", desk.file("body.json", BODY)) == 0
    out, err = capsys.readouterr()
    assert (desk.events(), err) == (["token.issued", "call.genuine"], "")
    assert "\nHTTP/1.1 200 OK\n" in out
    assert "\nx-client-key: IONPAYTEST\n" in out
    assert "\nX-Internal-Authorization: (secret)\n" in out
    assert "\nAuthorization: (secret)\n" in out
    assert PROXY_SECRET not in out
    assert CLIENT_SECRET not in out


def test_the_question_about_a_call_can_be_explained(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed as a curl command is explained as the call that it asks about, whichever form and headers."""
    asked = ["curl", "call", "--config", desk.config, "--path", URI, "--body", desk.file("body.json", BODY)]
    assert main(asked) == 0
    command = desk.file("question", capsys.readouterr().out)
    assert main(["explain", "--config", desk.config, command]) == 0
    assert capsys.readouterr().out.startswith("genuine (")
    desk.file("question", Path(command).read_text().replace("10.00", "99.00"))
    assert main(["explain", "--config", desk.config, command]) == (1 if desk.symmetric else 0)


def test_a_call_without_a_body_is_genuine(desk: Desk) -> None:
    """A GET has no body, and is asked about without one."""
    assert desk.call("--path", URI, "--method", "GET", "--external-id", "ordNo1") == 0
    assert desk.events() == ["token.issued", "call.genuine"]


def test_the_form_can_be_chosen(desk: Desk) -> None:
    """Whoever signs in the other form than the one agreed is refused, with status 1."""
    body = desk.file("body.json", BODY)
    statuses = [desk.call("--path", URI, "--body", body, form) for form in ("--symmetric", "--asymmetric")]
    assert sorted(statuses) == [0, 1]
    assert sorted(desk.events())[:2] == ["call.genuine", "call.refused"]


def test_a_token_can_be_given(desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A token from a file or from standard input is used, and none is asked for."""
    assert main(["request", "token", "--config", desk.config]) == 0
    token = json.loads(capsys.readouterr().out.split("\n\n")[-1])["accessToken"]
    assert desk.call("--path", URI, "--method", "GET", "--token-file", desk.file("token", f"{token}\n")) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{token}\n".encode())))
    assert desk.call("--path", URI, "--method", "GET", "--token-file", "-") == 0
    assert desk.events() == ["token.issued", "call.genuine", "call.genuine"]


def test_the_call_itself_can_be_sent(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """With the call's URL it goes there, as NICEPAY would send it: here, to a server that has no such path."""
    (port,) = {line.partition(" = ")[2] for line in desk.lines() if line.startswith("port")} - {desk.internal_port()}
    assert desk.call("--url", f"http://127.0.0.1:{port}{URI}", "--method", "DELETE") == 1
    out = capsys.readouterr().out
    assert out.startswith(f"DELETE http://127.0.0.1:{port}{URI}\n")
    assert "\nX-PARTNER-ID: PARTNER\n" in out
    assert "X-Internal" not in out
    assert "X-Original" not in out
    assert "X-Forwarded" not in out


def test_without_a_token_there_is_no_call(desk: Desk, stranger: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the token is refused, one line says so; the status is 2."""
    other = desk.file("other.pem", stranger.private_pem)
    assert desk.call("--path", URI, "--method", "GET", "--private-key", other) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("snap-token: there is no token for the call: http://127.0.0.1:")
    assert "4017300" in err


@pytest.mark.parametrize("answer", ["<html>\n<p>x\n</html>", "[]", "{}", '{"accessToken": 1}', "x" * 9_999])
def test_what_answers_without_a_token_is_one_line(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """Where another program listens, one short line has what it said; the status is 2."""
    monkeypatch.setattr(signed_call, "send", lambda _request: httpx.Response(200, text=answer))
    assert desk.call("--path", URI, "--method", "GET") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f" answers 200 {' '.join(answer.split())[:99]}" in err
    assert len(err) < 400


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file that holds something: a token, or a client secret."""
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
    """Without settings the options say everything; path and query are signed as they are sent."""
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
    """Without options for them the partner id is the client key, and each call has an external id of its own."""
    key = Path(secret).with_name("key.pem")
    key.write_text(nicepay.private_pem)
    options = ["--client-key", "A", "--url", "https://a.example/", "--token-file", secret, "--private-key", str(key)]
    (_, one), (_, other) = _curl(capsys, *options), _curl(capsys, *options)
    assert one["X-PARTNER-ID"] == "A"
    assert one["X-SIGNATURE"] == nicepay.signature(one["X-TIMESTAMP"], "A")
    assert len({one["X-EXTERNAL-ID"], other["X-EXTERNAL-ID"]}) == 2
    assert all(0 < len(each["X-EXTERNAL-ID"]) <= 36 for each in (one, other))


def _mistake(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["request", "call", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removeprefix("snap-token: ").strip()


WHICH = "options are missing; add --config or --client-key, and one of --path and --url"


@pytest.mark.parametrize(
    ("options", "told"),
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
def test_what_is_missing_is_one_line(
    secret: str, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    """What neither the options nor the settings say is asked for in one line; the status is 2."""
    given = [secret if option == "SECRET" else option for option in options]
    assert _mistake(capsys, *given) == told


@pytest.mark.parametrize("token", ["hush\nhush", "hush\0"])
def test_a_token_that_cannot_be_sent_is_not_repeated(
    secret: str, capsys: pytest.CaptureFixture[str], token: str
) -> None:
    """A file with more than a token is told, and nothing of it is printed."""
    Path(secret).write_text(token)
    options = ["--client-key", "A", "--url", "https://a.example", "--token-file", secret]
    assert (
        _mistake(capsys, *options) == "the access token has a character that a header cannot carry; check --token-file"
    )


def test_settings_without_an_internal_listener_are_told(
    secret: str, nicepay: Nicepay, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks about a path needs somebody to ask."""
    key = Path(secret).with_name("key.pem")
    key.write_text(nicepay.private_pem)
    options = ["--config", str(settings_file), "--path", "/x", "--token-file", secret, "--private-key", str(key)]
    told = "--path needs the internal listener; add [internal] to the settings, or use --url"
    assert _mistake(capsys, *options) == told
