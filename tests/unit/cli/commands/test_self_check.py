"""`snap-token self-check` on the command line. tests/e2e/test_self_check.py has the checks of a proxy."""

import json
from pathlib import Path

import pytest

from handlers.cli import main
from handlers.cli.self_check import run
from tests.merchant import write_settings
from tests.nicepay import Nicepay


@pytest.fixture(autouse=True)
def _free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAP_TOKEN__SERVER__PORT", "0")


def _run(settings: Path, *options: str) -> int:
    return main(["self-check", "--config", str(settings), *options])


def test_warnings_are_no_failure(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings with a risk, memory as the state store, have status 0. With --strict the status is 1."""
    assert _run(settings_file) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{settings_file}: errors: 0, ")
    assert "\nwarning  state.persistence       memory:// forgets everything" in out
    assert err == ""
    assert _run(settings_file, "--strict") == 1


def test_an_error_has_status_1(tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]) -> None:
    """A state store that does not answer is an error, first in the JSON."""
    settings = write_settings(tmp_path, nicepay, extra='[state]\nurl = "unix:///nowhere.sock?db=0"')
    assert _run(settings, "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["outcome"], data["findings"][0]["check"]) == ("error", "state.latency")


def test_a_password_of_the_state_store_is_not_shown(
    tmp_path: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """No finding has the password in state.url."""
    settings = write_settings(tmp_path, nicepay, extra='[state]\nurl = "redis://user:pass-word@127.0.0.1:1/0"')
    assert _run(settings) == 1
    assert "pass-word" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[", "[server]\nunknown = 1"], ids=["no TOML", "a mistake"])
def test_mistakes_in_the_settings_are_findings(
    settings_file: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """With mistakes in the settings, their lines are errors, and the checks that need no settings are made."""
    settings_file.write_text(text)
    assert _run(settings_file, "--json") == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert findings[0]["check"] == "settings.mistakes"
    assert {each["check"] for each in findings} == {
        "settings.mistakes",
        "settings.warnings",
        "installation.versions",
        "clock.difference",
    }


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        (["--time-source", "ntp://127.0.0.1"], "--time-source: NTP is not supported; name a web server, "),
        (["--time-source", "127.0.0.1"], "--time-source: the URL must have https:// or http://, "),
        (["--time-source", "https://"], "--time-source: the URL must have https:// or http://, "),
        (["--proxy-url", "https://127.0.0.1:65536"], "--proxy-url: the URL must have https:// or http://, "),
        (["--proxy-url", "https://a..b"], "--proxy-url: the URL is not valid: "),
        (["--time-source", "https://[::"], "--time-source: the URL is not valid: "),
        (["--proxy-url", "https://user:pass-word@a.example"], "--proxy-url: the URL has a user name or a password"),
        (["--proxy-url", "https://a.example/api"], "--proxy-url: name the URL without a path, "),
        (["--proxy-url", "https://a.example?b"], "--proxy-url: name the URL without a path, "),
        (["--ca-file", "missing.pem"], "missing.pem cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    settings_file: Path, capsys: pytest.CaptureFixture[str], options: list[str], mistake: str
) -> None:
    """One line says what is wrong with the option. The exit status is 2, and nothing else is printed."""
    assert _run(settings_file, *options) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"snap-token: {mistake}")
    assert "pass-word" not in err


def test_a_missing_settings_file_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a settings file there is no installation to examine."""
    missing = tmp_path / "missing.toml"
    assert _run(missing) == 2
    assert capsys.readouterr() == ("", f"snap-token: {missing} cannot be read: No such file or directory\n")


def test_a_file_system_that_hangs_is_a_usage_error(
    settings_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the file system of the settings does not answer in time, one line says so."""

    def hang(_: Path) -> None:
        message = f"{settings_file} cannot be read: its file system did not answer within 3 seconds"
        raise TimeoutError(message)

    monkeypatch.setattr(run, "read_regular_file", hang)
    assert _run(settings_file) == 2
    assert capsys.readouterr().err.endswith("did not answer within 3 seconds\n")


def test_a_malformed_proxy_of_the_environment_is_a_usage_error(
    settings_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the environment names a proxy that cannot be used, one line says so."""
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://127.0.0.1")
    assert _run(settings_file) == 2
    assert capsys.readouterr().err.startswith("snap-token: requests cannot be sent from this machine: ")
