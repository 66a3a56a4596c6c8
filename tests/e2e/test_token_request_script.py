"""The script of the pack that gets a token, run by a POSIX shell against a started sandbox."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e.process import COMMAND, FREE_PORT, environment, run, running
from tests.nicepay import Nicepay
from tests.programs import program


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a started sandbox."""
    folder = tmp_path_factory.mktemp("sandbox")
    assert run(COMMAND, "init", folder).returncode == 0
    config = folder / "snap-token.toml"
    with running(COMMAND, "serve", "--config", config, env=environment(**FREE_PORT)) as process:
        yield process.err.event("server.listening")["endpoint"].removesuffix("/access-token/b2b")


@pytest.fixture(scope="module")
def script(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, unpacked from the pack of that sandbox."""
    folder = tmp_path_factory.mktemp("unpacked")
    assert run(COMMAND, "share", "--base-url", base_url, "--output", folder / "pack.zip").returncode == 0
    with ZipFile(folder / "pack.zip") as archive:
        archive.extractall(folder)
    return folder / "snap-token" / "token-request.sh"


def _run(script: Path, *options: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    for name in ("curl", "openssl"):
        program(name)
    return run("/bin/sh", script, *options, env=environment(**variables))


def test_the_script_gets_a_token_from_the_sandbox(script: Path, base_url: str) -> None:
    """Without options, the script signs with the test key and the current time, and the sandbox issues a token."""
    result = _run(script)
    assert (result.returncode, json.loads(result.stdout)["responseCode"]) == (0, "2007300")
    assert result.stderr.startswith(f"POST {base_url}/access-token/b2b, signed: IONPAYTEST|20")


def test_a_client_uses_its_own_key(script: Path, base_url: str, tmp_path: Path) -> None:
    """Options and variables name the server, the client and its key. The answer to another key is a refusal."""
    key = tmp_path / "own key.pem"
    key.write_text(Nicepay().private_pem)
    by_options = _run(script, "--base-url", f"{base_url}/", "--client-key", "$HOME|'\"", "--private-key", key)
    by_variables = _run(script, BASE_URL=base_url, CLIENT_KEY="$HOME|'\"", PRIVATE_KEY=str(key))
    for result in (by_options, by_variables):
        assert (result.returncode, json.loads(result.stdout)["responseCode"]) == (1, "4017300")
        assert "signed: $HOME|'\"|20" in result.stderr
        assert result.stderr.endswith("token-request.sh: the answer has HTTP status 401\n")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--private-key", "nowhere.pem"), "nowhere.pem cannot be read; name the private key with --private-key"),
        (("--private-key", "/dev/null"), "/dev/null cannot sign; it must be an RSA private key in PEM"),
        (("--client-key",), "--client-key needs a value"),
        (("--url", "x"), "--url is not an option; use --base-url, --client-key or --private-key"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(script: Path, options: tuple[str, ...], complaint: str) -> None:
    """A wrong option or key ends the script with status 2, and its last line says what to do."""
    result = _run(script, *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == f"token-request.sh: {complaint}"


@pytest.mark.parametrize("missing", ["curl", "openssl"])
def test_a_missing_program_is_named(script: Path, tmp_path: Path, missing: str) -> None:
    """If curl or openssl is not installed, one line says so."""
    for name in {"curl", "openssl", "dirname"} - {missing}:
        (tmp_path / name).symlink_to(program(name))
    result = _run(script, PATH=str(tmp_path))
    assert (result.returncode, result.stderr) == (2, f"token-request.sh: {missing} is not installed; install it\n")


def test_no_answer_is_said(script: Path) -> None:
    """If nothing listens at the URL, the script says so and ends with status 1."""
    result = _run(script, "--base-url", "http://127.0.0.1:1")
    assert result.returncode == 1
    assert result.stderr.endswith("token-request.sh: no answer from http://127.0.0.1:1/access-token/b2b\n")


def test_the_help_is_the_comment_of_the_script(script: Path) -> None:
    """--help prints the comment at the top."""
    result = _run(script, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Gets an access token: ")
    assert "sh token-request.sh --client-key YOUR-CLIENT-ID --private-key private.pem\n" in result.stdout


def test_a_server_outside_the_sandbox_refuses_the_test_key(script: Path, tmp_path: Path) -> None:
    """`serve` and `client add` refuse the test key in one line, with status 2."""
    folder = tmp_path / "sandbox"
    assert run(COMMAND, "init", folder).returncode == 0
    config = folder / "snap-token.toml"
    no_sandbox = environment(**(FREE_PORT | {"SNAP_TOKEN__SANDBOX__ENABLED": "false"}))
    rule = "this is the published test key, with which everybody can sign; use the public key that the client sent you"
    mistake = f"{config}: clients[0].public_keys[1]: {rule}"
    checked = run(COMMAND, "serve", "--check", "--config", config, env=no_sandbox)
    assert (checked.returncode, checked.stderr) == (2, f"snap-token: {mistake}\n")
    served = run(COMMAND, "serve", "--config", config, env=no_sandbox)
    assert (served.returncode, json.loads(served.stderr)["mistakes"]) == (2, [mistake])
    config.write_text(config.read_text().replace('  "test-key-public.pem",', "  "))
    key = script.with_name("test-key-public.pem")
    added = run(COMMAND, "client", "add", "--config", config, "--id", "NEW", "--public-key", key, env=no_sandbox)
    assert (added.returncode, added.stdout) == (2, "")
    assert added.stderr == f"snap-token: {config}: clients[1].public_keys[0]: {rule}\n"
