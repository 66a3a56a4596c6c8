"""Usage errors, help and exit statuses of the command."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App, CycloptsError

from handlers import __version__
from handlers.cli import main
from handlers.cli.app import app
from tests.merchant import write_settings
from tests.nicepay import Nicepay

COMMANDS = {
    "init",
    "keygen",
    "serve",
    "request",
    "curl",
    "check",
    "explain",
    "keys",
    "client",
    "revoke",
    "share",
    "health",
    "completion",
}
SECOND = {"pair", "secret", "rotate", "add", "call"}


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        pytest.param(
            ["srve"],
            'Unknown command "srve". Did you mean "serve"? '
            "Available commands: init, keygen, serve, request, curl, check, explain, keys, ...",
            id="unknown command",
        ),
        pytest.param(
            ["keygen", "x"],
            'Unknown command "x". Available commands: token, secret, pair.',
            id="unknown second command",
        ),
        pytest.param(["keys", "x"], 'Unknown command "x". Available commands: rotate, list.', id="unknown of keys"),
        pytest.param(
            ["keys", "rotate"], 'Command "keys rotate" parameter --config requires an argument.', id="no keys"
        ),
        pytest.param(
            ["client", "add", "--config", "a", "--public-key", "b"],
            'Command "client add" parameter --id requires an argument.',
            id="no id",
        ),
        pytest.param(
            ["client", "add", "--config", "a", "--id", "A"],
            'Command "client add" parameter --public-key requires an argument.',
            id="no public key",
        ),
        pytest.param(["init", "a", "--x"], "Unknown option: --x.", id="unknown option"),
        pytest.param(["init", "a", "b"], "One argument too many: b.", id="one argument too many"),
        pytest.param(["init", "a", "b\nc", "d"], "2 arguments too many: b\\nc d.", id="more arguments too many"),
        pytest.param(["curl", "call", "x"], "One argument too many: x.", id="too many of a second command"),
        pytest.param(["serve"], 'Command "serve" parameter --config requires an argument.', id="no settings"),
        pytest.param(
            ["request", "--url"], 'Command "request" parameter --url requires an argument.', id="option without value"
        ),
        pytest.param(
            ["check", "http://127.0.0.1/", "--client-key", "A"],
            'Command "check" parameter --private-key requires an argument.',
            id="no private key",
        ),
        pytest.param(
            ["keygen", "pair", "a"],
            'Command "keygen pair" parameter --public requires an argument.',
            id="one argument too few",
        ),
        pytest.param(
            ["serve", "--config", "a", "--check=maybe"],
            'Invalid value for --check: unable to convert "maybe" into bool.',
            id="wrong type",
        ),
        pytest.param(
            ["serve", "--config", "a", "--config", "b"], "Parameter --config specified multiple times.", id="twice"
        ),
    ],
)
def test_a_usage_error_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], mistake: str) -> None:
    """A wrong command line ends with status 2. One line says why, and which help to read."""
    assert main(arguments) == 2
    known = [word for place, word in enumerate(arguments[:2]) if word in (COMMANDS, SECOND)[place]]
    advice = f"Try `{' '.join(['snap-token', *known, '--help'])}`."
    assert capsys.readouterr() == ("", f"snap-token: {mistake} {advice}\n")


@pytest.mark.parametrize(
    ("command", "example"),
    [
        ("", "snap-token init sandbox && snap-token serve --config sandbox/snap-token.toml"),
        ("init", "snap-token init sandbox"),
        ("keygen", "snap-token keygen token token.keys"),
        ("keygen token", "snap-token keygen token token.keys"),
        ("keygen secret", "snap-token keygen secret internal.secret"),
        ("keygen pair", "snap-token keygen pair nicepay-private.pem nicepay.pem"),
        ("serve", "snap-token serve --config sandbox/snap-token.toml"),
        ("request", "snap-token request --config sandbox/snap-token.toml"),
        ("request token", "snap-token request token --config sandbox/snap-token.toml"),
        (
            "request call",
            "snap-token request call --config snap-token.toml --path /api/v1.0/cvs/inquiry --body inquiry.json",
        ),
        ("curl", "snap-token curl --config sandbox/snap-token.toml"),
        ("curl token", "snap-token curl token --config sandbox/snap-token.toml"),
        (
            "curl call",
            "snap-token curl call --config snap-token.toml --path /api/v1.0/cvs/inquiry --body inquiry.json",
        ),
        (
            "check",
            (
                "snap-token check https://merchant.example/api/v1.0/access-token/b2b --client-key YOUR-CLIENT-ID "
                "--private-key private.pem"
            ),
        ),
        ("explain", "snap-token explain --config snap-token.toml --at 2026-01-22T12:00:05+07:00 request.txt"),
        ("keys", "snap-token keys rotate --config snap-token.toml"),
        ("keys rotate", "snap-token keys rotate --config snap-token.toml"),
        ("keys list", "snap-token keys list --config snap-token.toml"),
        ("client", "snap-token client list --config snap-token.toml"),
        (
            "client add",
            "snap-token client add --config snap-token.toml --id YOUR-CLIENT-ID --public-key nicepay.pem",
        ),
        ("client suspend", "snap-token client suspend --config snap-token.toml --id YOUR-CLIENT-ID"),
        ("client resume", "snap-token client resume --config snap-token.toml --id YOUR-CLIENT-ID"),
        ("client list", "snap-token client list --config snap-token.toml"),
        ("revoke", "snap-token revoke --config snap-token.toml --client YOUR-CLIENT-ID"),
        (
            "share",
            "snap-token share --base-url https://merchant.example --output pack.zip --config snap-token.toml",
        ),
        ("health", "snap-token health --config snap-token.toml"),
        (
            "completion",
            "snap-token completion bash > ~/.local/share/bash-completion/completions/snap-token",
        ),
        ("--install-completion", "snap-token --install-completion"),
    ],
)
def test_help_shows_an_example(capsys: pytest.CaptureFixture[str], command: str, example: str) -> None:
    """The help of every command shows its usage and one example that works."""
    assert main([*command.split(), "--help"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert output.startswith(f"Usage: {' '.join(['snap-token', *command.split()])} ")
    assert f" Example: {example} " in output


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments, the command prints its help with all subcommands."""
    assert main([]) == 0
    output = capsys.readouterr().out
    assert all(f"\n  {command}: " in output for command in COMMANDS)


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version and nothing else."""
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"{__version__}\n", "")


@pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")  # That is what is tested here.
def test_the_process_own_arguments_are_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without arguments given in code, the arguments of the process are read."""
    monkeypatch.setattr(sys, "argv", ["snap-token", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_a_closed_output_ends_the_command_silently(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the reader of the output has closed it, the command ends silently, and the rest of the output is discarded."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["client", "list", "--config", str(write_settings(tmp_path, nicepay))]) == 141
        out.write("the rest")
        out.flush()


def test_an_installation_without_a_library(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """If a library is missing or too old, one line says what to do."""
    monkeypatch.delitem(sys.modules, "handlers.cli.app")
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    assert main(["--version"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("snap-token: this installation is not usable: ")
    assert "cyclopts" in line
    assert line.endswith("; install snap-token-server again, into a new virtual environment")


BAD_VALUES = ["", "é\n", "A" * 5_000, "-1", "1e99", "nan", "a b", "--x", "{", "\x00"]
PROGRAMMERS_WORDS = re.compile(r"\^\[|pattern|Input should|Field required|Value error|pydantic|type=|<class|Traceback")


def _commands(parent: App, chain: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    for name in parent:
        if not name.startswith("-"):
            command = parent[name]
            yield from [((*chain, name), command)] if command.default_command else []
            yield from _commands(command, (*chain, name))


OPTIONS = {
    (name, str(argument.hint)): (*chain, name)
    for chain, command in _commands(app)
    for argument in command.assemble_argument_collection()
    for name in argument.names
    if name.startswith("--")
}.values()
"""Each option once. Many commands have options of the same name and type, and say the same of their bad values."""


@pytest.mark.parametrize("option", OPTIONS, ids=" ".join)
def test_a_bad_value_of_an_option_is_described_in_words(option: tuple[str, ...]) -> None:
    """No message has a regular expression, or the words of a library or of Python."""
    said = []
    for value in [*([each] for each in BAD_VALUES), []]:
        try:
            app.parse_args([*option, *value], exit_on_error=False, print_error=False)
        except CycloptsError as error:
            said.append(str(error))
    assert said, "no value is bad"
    assert [each for each in said if PROGRAMMERS_WORDS.search(each)] == []


def test_a_server_that_still_imports_ignores_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` ignores SIGHUP before its libraries are imported. Other commands end with their terminal."""
    before = signal.getsignal(signal.SIGHUP)
    try:
        for command, way in (("init", before), ("serve", signal.SIG_IGN)):
            monkeypatch.setattr(sys, "argv", ["snap-token", command, "--help"])
            assert main() == 0
            assert signal.getsignal(signal.SIGHUP) == way
    finally:
        signal.signal(signal.SIGHUP, before)
