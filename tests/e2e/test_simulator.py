"""`snap-token request call` plays each form of call against the sandbox of `snap-token init --calls`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from handlers.cli import main
from tests.e2e.process import COMMAND, Process, environment, free_port, run, running

INQUIRY = "/api/v1.0/transfer-va/inquiry"
NOTIFIED = "--form notification --private-key notification-private.pem"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox for calls."""

    folder: Path
    env: dict[str, str]
    server: Process

    def request_call(self, options: str) -> CompletedProcess[str]:
        """Run the command in the folder of the sandbox."""
        command = ("request", "call", "--config", "snap-token.toml", *options.split())
        return run(COMMAND, *command, cwd=self.folder, env=self.env)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("calls")
    assert run(COMMAND, "init", "--calls", folder).returncode == 0
    (folder / "body.json").write_text('{ "arbitrary": "1 2" }')
    ports = {f"SNAP_TOKEN__{listener}__PORT": str(free_port()) for listener in ("SERVER", "INTERNAL")}
    env = environment(**ports)
    with running(COMMAND, "serve", "--config", folder / "snap-token.toml", env=env) as server:
        server.err.event("internal.listening")
        yield Sandbox(folder, env, server)


@pytest.mark.parametrize("body", ["", "--body body.json"], ids=["without a body", "with a body"])
@pytest.mark.parametrize(
    ("options", "client", "form"),
    [
        (f"--path {INQUIRY}", "IONPAYTEST", "token"),
        (f"--path {INQUIRY} --client-key SYMMETRICTEST", "SYMMETRICTEST", "token"),
        (NOTIFIED, "IONPAYTEST", "notification"),
        ("--form body-signed --channel-id 95231", "IONPAYTEST", "body-signed"),
        ("--path /v1.0/transfer-va/payment", "IONPAYTEST", "body-signed"),
    ],
    ids=["asymmetric", "symmetric", "notification", "body-signed", "body-signed by its path"],
)
def test_the_server_finds_each_form_genuine(sandbox: Sandbox, options: str, client: str, form: str, body: str) -> None:
    """The server finds a call genuine in each form, with and without a body. Path and form come from the settings."""
    done = sandbox.request_call(f"{options} {body}")
    assert (done.returncode, done.stderr) == (0, "")
    assert sandbox.server.err.event("call.genuine")["form"] == form
    assert f"\nx-client-key: {client}\n" in done.stdout


def test_a_call_has_the_headers_of_its_form_only(sandbox: Sandbox) -> None:
    """A notification has no headers of other forms, and a body-signed call has no token."""
    notification = sandbox.request_call(NOTIFIED).stdout
    assert "\nX-CLIENT-KEY: IONPAYTEST\n" in notification
    assert not any(name in notification for name in ("Authorization:", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"))
    signed = sandbox.request_call("--form body-signed --channel-id 95231").stdout
    assert "\nX-PARTNER-ID: IONPAYTEST\n" in signed
    assert "\nCHANNEL-ID: 95231\n" in signed
    assert not any(f"\n{name}" in signed for name in ("Authorization:", "X-CLIENT-KEY"))


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ("", "the settings have 3 services; add --path or --url"),
        ("--form token", "the settings have 2 services that accept the form token; add --path or --url"),
        (
            "--form notification",
            "the notification key signs a notification, and the settings do not name it; add --private-key",
        ),
        (f"--path {INQUIRY} --asymmetric --client-secret-file client.secret", "--asymmetric does not use"),
        (f"{NOTIFIED} --token-file token", "a call of the form notification does not use --token-file; leave it out"),
        (f"{NOTIFIED} --partner-id 1", "a call of the form notification does not use --partner-id"),
        (f"{NOTIFIED} --external-id 1", "a call of the form notification does not use --external-id"),
        (f"{NOTIFIED} --channel-id 1", "a call of the form notification does not use --channel-id"),
        ("--form body-signed --symmetric", "a call of the form body-signed does not use --symmetric"),
        ("--form body-signed --asymmetric", "a call of the form body-signed does not use --asymmetric"),
        ("--form body-signed --client-secret-file client.secret", "a call of the form body-signed does not use"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    sandbox: Sandbox,
    options: str,
    mistake: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An option that is missing, or that the form does not use, is one line. The exit status is 2."""
    monkeypatch.chdir(sandbox.folder)
    assert main(["request", "call", "--config", "snap-token.toml", *options.split()]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith(f"snap-token: {mistake}")
