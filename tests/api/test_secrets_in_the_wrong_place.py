"""A secret in the wrong header or parameter is never shown: not by `explain`, `request` or `curl`, not in the log."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from handlers.cli import main
from handlers.config.settings import Settings
from handlers.doctor.request import Request
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.snap.timestamp import parse
from tests.internal import running_internal
from tests.merchant import Clock, RunningListener, running
from tests.mistakes import (
    CALL_PATH,
    HOST,
    INTERNAL_SECRET,
    NOW,
    OTHER_SECRET,
    SECRET,
    World,
    call,
    symmetric,
    token_request,
    via_proxy,
    write_world,
)

Place = Callable[[World, str], Request]

PLACES: dict[str, Place] = {
    "X-CLIENT-KEY": lambda w, s: token_request(w, X_CLIENT_KEY=s),
    "X-CLIENT-SECRET": lambda w, s: token_request(w, X_CLIENT_KEY=None, X_CLIENT_SECRET=s),
    "X-TIMESTAMP": lambda w, s: token_request(w, X_TIMESTAMP=s),
    "X-SIGNATURE": token_request,
    "Content-Type": lambda w, s: token_request(w, Content_Type=s),
    "Content-Type, behind others": lambda w, s: token_request(w, Content_Type=f"application/json; charset={s}"),
    "Content-Encoding": lambda w, s: token_request(w, Content_Encoding=s),
    "grantType": lambda w, s: token_request(w, body=json.dumps({"grantType": s}).encode()),
    "a member's name": lambda w, s: token_request(w, body=json.dumps({s: 1}).encode()),
    "a body that is no JSON": lambda w, s: token_request(w, body=s.encode()),
    "a path": lambda w, s: replace(token_request(w), target=f"/v2/{quote(s)}/access-token/b2b"),
    "a long path": lambda w, s: replace(token_request(w), target=f"/{'a' * 235}/{quote(s)}"),
    "a query": lambda w, s: replace(token_request(w), target=f"/api/v1.0/access-token/b2?token={quote(s)}"),
    "a method": lambda w, s: replace(token_request(w), method=s),
    "Transfer-Encoding": lambda w, s: token_request(w, Transfer_Encoding=s),
    "X-PARTNER-ID": lambda w, s: call(w, X_PARTNER_ID=s),
    "X-EXTERNAL-ID": lambda w, s: call(w, X_EXTERNAL_ID=s),
    "CHANNEL-ID": lambda w, s: call(w, CHANNEL_ID=s),
    "Authorization": lambda w, s: call(w, Authorization=s),
    "Bearer": lambda w, s: call(w, Authorization=f"Bearer {s}"),
    "a call's path": lambda w, s: call(w, target=f"{CALL_PATH}/{quote(s)}"),
    "a call's query": lambda w, s: symmetric(w, target=f"{CALL_PATH}?token={quote(s)}", place=CALL_PATH),
    "a call's method": lambda w, s: replace(call(w), method=s),
    "what is signed": lambda w, s: symmetric(
        w, target=f"{CALL_PATH}?a={quote(s)}", place=f"{HOST}{CALL_PATH}?a={quote(s)}"
    ),
}


def _secrets(world: World) -> dict[str, str]:
    """One secret of each kind, also those that the server recognizes only by their format."""
    stranger = replace(world, token_key=Fernet.generate_key())
    return {
        "client secret": SECRET.decode(),
        "its base64": b64encode(SECRET).decode(),
        "another client's": OTHER_SECRET.decode(),
        "internal secret": INTERNAL_SECRET.decode(),
        "in capitals": INTERNAL_SECRET.decode().upper(),
        "token key": world.token_key.decode(),
        "token": world.token(),
        "expired token": world.token(age=9_000),
        "foreign token": stranger.token(),
        "signature": world.sign("some text"),
        "private key": world.nicepay.private_pem.splitlines()[3],
    }


@dataclass(frozen=True)
class Stage:
    """Both listeners, and their settings for the command `explain`."""

    world: World
    secrets: dict[str, str]
    config: Path
    public: RunningListener
    internal: RunningListener

    def requests_with_secrets(self, place: str) -> Iterator[tuple[Request, str]]:
        """For each secret, a request with the secret in that place."""
        for secret in self.secrets.values():
            yield PLACES[place](self.world, secret), secret


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Both listeners with the clients of one world."""
    world = World()
    folder = tmp_path_factory.mktemp("world")
    config = write_world(folder, world)
    key = folder / "nicepay-private.pem"
    key.write_text(world.nicepay.private_pem)
    key.chmod(0o600)
    settings, clock = Settings.load(config), Clock(parse(NOW))
    with running(settings, clock) as public, running_internal(settings, clock) as internal:
        yield Stage(world, _secrets(world), config, public, internal)
    SECRET_MASKER.learn([])


def _forms(secret: str) -> set[str]:
    """The forms in which a secret could be visible: whole, escaped, or its first twelve characters."""
    return {each.lower() for text in (secret, quote(secret), json.dumps(secret)[1:-1]) for each in (text, text[:12])}


def _assert_hidden(secret: str, output: str) -> None:
    assert not [form for form in _forms(secret) if form in output.lower()], output


@pytest.mark.parametrize("place", PLACES)
def test_explain_shows_no_secret(place: str, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` shows no secret, neither as text nor as JSON, for a request and for a proxy's request about it."""
    for number, (request, secret) in enumerate(stage.requests_with_secrets(place)):
        file = tmp_path / "request"
        file.write_bytes(_wire(request if number % 2 else via_proxy(request).authorize_request or request))
        options = ["--json"] if number % 3 else ["--lang", "id"]
        assert main(["explain", "--config", str(stage.config), "--at", NOW, *options, str(file)]) in {0, 1, 2}
        out, err = capsys.readouterr()
        _assert_hidden(secret, out + err)


@pytest.mark.parametrize("place", PLACES)
def test_the_log_shows_no_secret(place: str, stage: Stage) -> None:
    """Neither listener logs a secret of a request."""
    for request, secret in stage.requests_with_secrets(place):
        authorize = via_proxy(request).authorize_request
        assert authorize
        for listener, each in ((stage.public, request), (stage.internal, authorize)):
            if each.method == "POST" and "Transfer-Encoding" not in dict(each.headers):
                listener.client.request(each.method, each.target, headers=list(each.headers), content=each.body)
            _assert_hidden(secret, json.dumps(listener.log()))


@pytest.mark.parametrize("command", ["request", "curl"])
@pytest.mark.parametrize("kind", ["client secret", "internal secret", "token key", "private key"])
def test_an_exchange_shows_no_secret(
    command: str, kind: str, stage: Stage, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The commands show no secret in the exchange or in an error; they do show token and signature."""
    secret = stage.secrets[kind]
    token = tmp_path / "token"
    token.write_text(stage.secrets["token"])
    base = [command, "call", "--config", str(stage.config), "--token-file", str(token), "--partner-id", secret]
    for url in (f"{stage.internal.origin}/{secret}", f"http://127.0.0.1:1/{secret}", f"http://[{secret}"):
        assert main([*base, "--external-id", secret, "--url", url]) in {0, 1, 2}
        out, err = capsys.readouterr()
        _assert_hidden(secret, out + err)
        assert not out or "X-SIGNATURE" in out.upper()


def _wire(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    return "\r\n".join([*lines, "", ""]).encode() + request.body
