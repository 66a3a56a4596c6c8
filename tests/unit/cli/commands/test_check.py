"""`snap-token check` against this project's own server."""

import json
import re
import socket
from pathlib import Path

import pytest
from junitparser import JUnitXml

from handlers.cli import judged_server, main
from handlers.judge.exchange import Answer
from handlers.judge.scenario import Scenario
from handlers.judge.scenarios import CATALOGUE
from handlers.server.process import assembly
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, Merchant
from tests.nicepay import Nicepay

NAMES = {scenario.name: scenario for scenario in CATALOGUE}
FEW = [NAMES[name] for name in ("success.issued", "forged.another_key", "http.get")]
SECRET = re.compile(r"[A-Za-z0-9+/=_-]{60,}")


@pytest.fixture
def url(merchant: Merchant) -> str:
    """The running server with the real clock, because the command signs with the real time."""
    merchant.clock.now = assembly.system_clock()
    return merchant.origin + BASE_PATH + TOKEN_PATH


def _deviating(name: str) -> Scenario:
    """A scenario whose expectation always fails."""
    found = NAMES[name]
    return Scenario(
        found.name, found.severity, found.rule, found.source, found.requests, lambda _answers: "it deviates"
    )


def _play(monkeypatch: pytest.MonkeyPatch, *scenarios: Scenario) -> None:
    monkeypatch.setattr(judged_server, "CATALOGUE", scenarios)


def _options(url: str, private_key: Path, *more: str, client_key: str = "IONPAYTEST") -> list[str]:
    return ["check", url, "--client-key", client_key, "--private-key", str(private_key), "--per-second", "20", *more]


def test_a_good_server_passes(
    url: str, private_key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If all scenarios pass, the status is 0, and the table has a row for each scenario."""
    _play(monkeypatch, *FEW)
    assert main(_options(url, private_key)) == 0
    out, _ = capsys.readouterr()
    assert "3 passed, 0 critical, 0 major, 0 minor, 0 skipped" in " ".join(out.split())
    assert all(scenario.name in out for scenario in FEW)


@pytest.mark.parametrize(
    ("name", "more", "status"),
    [("success.code", [], 1), ("http.get", [], 0), ("http.get", ["--strict"], 1)],
    ids=["serious", "minor", "minor, strictly"],
)
def test_the_status_is_by_severity(  # noqa: PLR0913, PLR0917  fixtures
    url: str,
    private_key: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    more: list[str],
    status: int,
) -> None:
    """A serious finding is status 1. Minor findings alone are status 0, or status 1 with --strict."""
    _play(monkeypatch, NAMES["success.issued"], _deviating(name))
    assert main(_options(url, private_key, *more)) == status
    assert "it deviates" in capsys.readouterr().out


def test_skipped_scenarios_are_one_line(
    url: str, private_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token the table has only the first row, and the reports have all scenarios."""
    _play(monkeypatch, *FEW)
    html = tmp_path / "report.html"
    assert main(_options(url, private_key, "--html", str(html), client_key="UNKNOWN_CLIENT_KEY")) == 1
    out, _ = capsys.readouterr()
    assert [scenario.name in out for scenario in FEW] == [True, False, False]
    last = out.splitlines()[-1]
    assert last.startswith("The other scenarios were skipped, because the genuine request got no token. Check the URL")
    assert all(scenario.name in html.read_text() for scenario in FEW)
    assert main(_options(url, private_key, "--json", client_key="UNKNOWN_CLIENT_KEY")) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["skipped"] == 2


def test_the_table_loses_nothing_in_80_columns(
    url: str, private_key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At 80 columns the longest name is folded and not cut off, and the source has a paragraph of its own."""
    monkeypatch.setenv("COLUMNS", "80")
    longest = max(NAMES, key=len)
    _play(monkeypatch, NAMES["success.issued"], _deviating(longest))
    main(_options(url, private_key))
    cells = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert longest in "".join(cell[0].strip() for cell in cells)
    found = "\n".join(cell[-1].strip() for cell in cells)
    assert "it deviates\n\nSource: " in found


def test_a_failed_run_keeps_the_old_report(private_key: Path, tmp_path: Path) -> None:
    """The check whether a file can be written does not empty it. A new report replaces the whole file."""
    report = tmp_path / "report.html"
    report.write_text("the last report")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert main(_options(url, private_key, "--html", str(report))) == 2
    assert report.read_text() == "the last report"


def test_all_reports_show_the_same_run(
    url: str, private_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON, JUnit and HTML show the same run. None has a token, a signature or the query of the URL."""
    _play(monkeypatch, *FEW, _deviating("success.code"))
    files = tmp_path / "report.xml", tmp_path / "report.html"
    files[0].write_text("the last report")
    more = ["--json", "--junit", str(files[0]), "--html", str(files[1])]
    assert main(_options(f"{url}?secret=x", private_key, *more)) == 1
    out = capsys.readouterr().out
    assert json.loads(out)["counts"] == {"passed": 3, "critical": 0, "major": 1, "minor": 0, "skipped": 0}
    assert json.loads(out)["url"] == url
    assert JUnitXml.fromstring(files[0].read_bytes()).failures == 1
    expected = [out, *(file.read_text() for file in files)]
    assert all("it deviates" in each for each in expected)
    assert not any(SECRET.search(each) or "secret" in each for each in expected)


def test_another_machine_is_named(
    private_key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first request to another machine, a line names that machine."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert main(_options("http://merchant.example/", private_key)) == 2
    first, last = capsys.readouterr().err.splitlines()
    assert first == f"snap-token: {len(CATALOGUE)} scenarios, some of them hostile, are sent to merchant.example"
    assert last.startswith("snap-token: no answer from http://merchant.example/: ")


def test_progress_is_shown_on_a_terminal(
    url: str, private_key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal gets a progress bar. Other outputs do not."""
    _play(monkeypatch, *FEW)
    assert main(_options(url, private_key)) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(_options(url, private_key)) == 0
    assert "Judging" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_is_not_named(private_key: Path, capsys: pytest.CaptureFixture[str], host: str) -> None:
    """For this machine there is no such line. If no server listens, one line says so, and the status is 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://{host}:{taken.getsockname()[1]}/"
        assert main(_options(url, private_key)) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith(f"snap-token: no answer from {url}: ")
    assert line.endswith("; check the URL of the token endpoint")


@pytest.mark.parametrize(
    ("url", "more", "expected"),
    [
        ("http://[::1/x", [], "the URL is not valid: "),
        ("127.0.0.1/x", [], "the URL is not that of a token endpoint; it must begin with https:// or http://"),
        ("ftp://127.0.0.1/", [], "the URL is not that of a token endpoint; it must begin with https:// or http://"),
        (
            "http://me:pass@127.0.0.1/",
            [],
            "the URL has a user name or a password; leave it out, because SNAP has neither",
        ),
        ("http://127.0.0.1/", ["--per-second", "0.09"], "--per-second must be from 0.1 to 20"),
        ("http://127.0.0.1/", ["--per-second", "21"], "--per-second must be from 0.1 to 20"),
        ("http://127.0.0.1/", ["--per-second", "nan"], "--per-second must be from 0.1 to 20"),
        (
            "http://127.0.0.1/",
            ["--client-key", "é"],
            "--client-key: must be 1 to 36 visible ASCII characters; found 1 character; character 1 is U+00E9",
        ),
        ("http://127.0.0.1/", ["--junit", "/nowhere/a.xml"], "/nowhere/a.xml cannot be written: No such file"),
        ("http://127.0.0.1/", ["--html", "/nowhere/a.html"], "/nowhere/a.html cannot be written: No such file"),
        ("http://127.0.0.1/", ["--private-key", "/nowhere.pem"], "/nowhere.pem"),
    ],
)
def test_a_usage_error_is_one_line(
    private_key: Path, capsys: pytest.CaptureFixture[str], url: str, more: list[str], expected: str
) -> None:
    """A wrong option is one line, before any request is sent. The exit status is 2."""
    options = {"--client-key": "A", "--private-key": str(private_key)}
    options.update(zip(more[::2], more[1::2], strict=True))
    assert main(["check", url, *(each for pair in options.items() for each in pair)]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert (out, line.startswith(f"snap-token: {expected}")) == ("", True), line


def _call(private_key: Path, *options: str) -> list[str]:
    return ["check", "--client-key", "IONPAYTEST", "--private-key", str(private_key), "--per-second", "20", *options]


def test_a_call_without_a_token_is_not_judged(
    url: str, stranger: Nicepay, private_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the token endpoint refuses the client, one line says so, no call is sent, and the status is 2."""
    private_key.write_text(stranger.private_pem)
    assert main(_call(private_key, url, "--call", f"{url}/call")) == 2
    out, err = capsys.readouterr()
    expected = (
        "there is no token for the calls: expected a token, got HTTP 401, 4017300 Unauthorized. X-CLIENT-KEY or"
        " X-SIGNATURE; check the URL of the token endpoint, --client-key and --private-key"
    )
    assert (out, err) == ("", f"snap-token: {expected}\n")


def test_a_token_that_no_header_can_carry_is_one_line(
    url: str, private_key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token with a line break is not sent, and not printed."""
    monkeypatch.setattr(Answer, "token", "to\nken")
    assert main(_call(private_key, url, "--call", f"{url}/call")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("snap-token: there is no token for the calls: the token has characters that a header cannot")


@pytest.mark.parametrize("form", ["token", "notification"])
def test_calls_that_are_not_served_are_skipped(
    url: str, private_key: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """If the genuine call is refused, the others are skipped, a line says what to check, and the status is 1."""
    token_url = [url] if form == "token" else []
    assert main(_call(private_key, *token_url, "--call", f"{url}/call?secret=x", "--form", form)) == 1
    out, err = capsys.readouterr()
    assert "2 genuine calls reach the service" in err
    assert out.splitlines()[-1].startswith("The other scenarios were skipped, because the genuine call was not served.")
    assert "secret=x" not in out + err


def test_an_endpoint_that_does_not_answer_is_one_line(private_key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If nothing listens at --call, the last line says so, and the status is 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        called = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        assert main(_call(private_key, "--call", called, "--form", "notification", "--method", "GET")) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith(f"snap-token: no answer from {called}: ")
    assert last.endswith("; check --call")


CALL = ["--call", "http://127.0.0.1/x"]
TOKEN_URL = "http://127.0.0.1/token"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "the URL of the token endpoint is missing; name it as the first argument"),
        (CALL, "the URL of the token endpoint is missing; name it as the first argument"),
        ([TOKEN_URL, "--form", "token"], "--form belongs to --call; add --call, or leave it out"),
        ([TOKEN_URL, "--asymmetric"], "--asymmetric belongs to --call; add --call, or leave it out"),
        ([TOKEN_URL, "--symmetric"], "--symmetric belongs to --call; add --call, or leave it out"),
        ([TOKEN_URL, "--service-code", "24"], "--service-code belongs to --call; add --call, or leave it out"),
        (
            [TOKEN_URL, *CALL, "--form", "notification"],
            "a call of the form notification has no token; leave the URL of the token endpoint out",
        ),
        ([*CALL, "--form", "body-signed", "--symmetric"], "a call of the form body-signed does not use --symmetric"),
        ([*CALL, "--form", "notification", "--partner-id", "1"], "a call of the form notification does not use"),
        ([*CALL, "--form", "notification", "--channel-id", "1"], "a call of the form notification does not use"),
        ([TOKEN_URL, *CALL, "--symmetric"], "--symmetric and --client-secret-file belong together"),
        ([TOKEN_URL, *CALL, "--client-secret-file", "x"], "--symmetric and --client-secret-file belong together"),
        ([TOKEN_URL, "--config", "x"], "--config belongs to --call; add --call, or leave it out"),
        ([TOKEN_URL, *CALL, "--config", "/nowhere"], "/nowhere cannot be read"),
        ([TOKEN_URL, *CALL, "--method", "post"], "--method must have 1 to 16 capital letters"),
        ([TOKEN_URL, *CALL, "--service-code", "2"], "--service-code must have two digits"),
        ([TOKEN_URL, *CALL, "--partner-id", "a b"], "--partner-id must have visible ASCII characters"),
        ([TOKEN_URL, *CALL, "--channel-id", ""], "--channel-id must have visible ASCII characters"),
        ([TOKEN_URL, *CALL, "--body", "/nowhere"], "/nowhere cannot be read"),
        ([TOKEN_URL, "--call", "x"], "the URL is not that of a protected endpoint; it must begin with https://"),
        ([TOKEN_URL, "--call", "http://a:b@127.0.0.1/"], "the URL has a user name or a password"),
        ([*CALL, "--form", "other"], 'Invalid value "other" for --form.'),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    private_key: Path, capsys: pytest.CaptureFixture[str], options: list[str], expected: str
) -> None:
    """An option that is missing, malformed or not used is one line, and nothing is sent. The exit status is 2."""
    assert main(_call(private_key, *options)) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert (out, line.startswith(f"snap-token: {expected}")) == ("", True), line


def test_an_environment_that_cannot_be_used_is_one_line(
    private_key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a proxy of the environment cannot be used, one line says so. The exit status is 2."""
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    assert main(_options("http://127.0.0.1/", private_key)) == 2
    assert capsys.readouterr().err.startswith("snap-token: requests cannot be sent from this machine: ")
