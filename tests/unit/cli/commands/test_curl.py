"""`snap-token curl`."""

import json
from pathlib import Path

import pytest

from handlers.cli import main
from handlers.server.process import assembly
from tests.e2e.process import environment, run
from tests.merchant import BASE_PATH, Merchant
from tests.programs import program

SECRET = "a-secret-of-the-proxy"


@pytest.mark.parametrize("command", [["curl"], ["curl", "token"]])
def test_the_printed_command_gets_a_token(
    merchant: Merchant, private_key: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """The printed command, run by a shell, is a genuine request. Standard output has only the command."""
    merchant.clock.now = assembly.system_clock()
    url = f"{merchant.origin}{BASE_PATH}/access-token/b2b"
    options = ["--url", url, "--client-key", "IONPAYTEST", "--private-key", str(private_key)]
    assert main([*command, *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    program("curl")
    answered = run(program("sh"), "-c", out, env=environment(NO_PROXY="127.0.0.1"))
    assert json.loads(answered.stdout)["responseCode"] == "2007300", answered.stderr


def test_a_secret_stays_out_of_the_command(
    settings_file: Path, private_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command has a shell variable in place of the proxy's secret, and a line on standard error explains it."""
    secret = settings_file.with_name("proxy.secret")
    secret.write_text(SECRET)
    secret.chmod(0o600)
    text = settings_file.read_text()
    settings_file.write_text(f'{text}\n[internal]\nport = 1\nsecret_file = "proxy.secret"\n')
    token = settings_file.with_name("token")
    token.write_text("t0ken")
    options = ["--config", str(settings_file), "--private-key", str(private_key), "--token-file", str(token)]
    assert main(["curl", "call", *options, "--path", "/x?y=1", "--method", "GET"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("curl -sS -X GET http://127.0.0.1:1/authorize \\\n")
    assert '-H "X-Internal-Authorization: $X_INTERNAL_AUTHORIZATION"' in out
    assert SECRET not in out + err
    expected = "before you run it, set X_INTERNAL_AUTHORIZATION to `Bearer ` and the secret in internal.secret_file\n"
    assert err == expected


@pytest.mark.parametrize(("body", "status"), [("x" * 131_071, 0), ("x" * 131_072, 2), ("é" * 65_536, 2), ("a\0", 2)])
def test_a_body_that_fits_no_command_is_an_error(
    private_key: Path, capsys: pytest.CaptureFixture[str], body: str, status: int
) -> None:
    """A body that is too long for a command line, or has a NUL, is an error, and no command is printed."""
    file = private_key.with_name("body")
    file.write_text(body)
    (token := private_key.with_name("token")).write_text("t0ken")
    options = ["--private-key", str(private_key), "--client-key", "A", "--token-file", str(token), "--body", str(file)]
    assert main(["curl", "call", *options, "--url", "https://a.example/"]) == status
    out, err = capsys.readouterr()
    assert (bool(out), err.count("\n")) == ((True, 0) if status == 0 else (False, 1))
