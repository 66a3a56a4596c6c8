"""`snap-token request` against a running server."""

import socket
from collections.abc import Iterator
from errno import ECONNREFUSED
from pathlib import Path

import httpx
import pytest

from handlers.cli import main
from handlers.cli.simulator import http_exchange
from handlers.server.process import assembly
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, Merchant, write_settings
from tests.nicepay import BODY, Nicepay


@pytest.fixture
def today(merchant: Merchant) -> Merchant:
    """The running server with the real clock, because the command signs with the real time."""
    merchant.clock.now = assembly.system_clock()
    return merchant


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that is in use and does not accept connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def _config(private_key: Path, nicepay: Nicepay, origin: str) -> str:
    """The settings of a sandbox whose server listens there."""
    extra = f'[server]\nport = {httpx.URL(origin).port}\n[sandbox]\nprivate_key_file = "{private_key.name}"'
    return str(write_settings(private_key.parent, nicepay, extra=extra))


def _options(url: str, private_key: Path, client_key: str = "IONPAYTEST") -> list[str]:
    return ["--url", url, "--client-key", client_key, "--private-key", str(private_key)]


def test_the_exchange_is_printed(
    today: Merchant, nicepay: Nicepay, private_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With settings alone, request and response are printed as HTTP. The exit status is 0."""
    assert main(["request", "--config", _config(private_key, nicepay, today.origin)]) == 0
    out, err = capsys.readouterr()
    sent_head, sent_body, head, body = out.split("\n\n")
    assert sent_head.startswith(f"POST {today.origin}{BASE_PATH}{TOKEN_PATH}\n")
    assert "\nx-client-key: ionpaytest\n" in sent_head.lower()
    assert (sent_body, err) == (BODY.decode(), "")
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert f"\nx-client-key: {nicepay.client_key}" in head
    assert '"responseCode":"2007300"' in body


def test_the_request_is_genuine(today: Merchant, nicepay: Nicepay, private_key: Path) -> None:
    """The server finds the request genuine, and its timestamp current."""
    assert main(["request", "--config", _config(private_key, nicepay, today.origin)]) == 0
    decision = today.decision()
    assert (decision["event"], decision["client_key"]) == ("token.issued", nicepay.client_key)
    assert abs(decision["clock_skew_seconds"]) < 60


def test_options_are_enough(today: Merchant, private_key: Path) -> None:
    """URL, client key and private key are enough without settings."""
    assert main(["request", *_options(today.origin + BASE_PATH + TOKEN_PATH, private_key)]) == 0
    assert today.decision()["event"] == "token.issued"


def test_options_come_before_settings(
    today: Merchant, nicepay: Nicepay, stranger: Nicepay, private_key: Path, dead_port: int
) -> None:
    """An option overrides the settings."""
    config = _config(private_key, nicepay, f"http://127.0.0.1:{dead_port}")
    other = private_key.with_name("other.pem")
    other.write_text(stranger.private_pem)
    url = today.origin + BASE_PATH + TOKEN_PATH
    assert main(["request", "--config", config, *_options(url, other)]) == 1
    assert today.decision()["reason"] == "signature.mismatch"
    assert main(["request", "--config", config, *_options(url, private_key, "OTHER")]) == 1
    assert today.decision()["client_key"] == "OTHER"


def test_a_refusal_is_status_1(
    today: Merchant, stranger: Nicepay, private_key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused request is printed like any other. The exit status is 1."""
    private_key.write_text(stranger.private_pem)
    assert main(["request", *_options(today.origin + BASE_PATH + TOKEN_PATH, private_key)]) == 1
    out, err = capsys.readouterr()
    assert "\nHTTP/1.1 401 Unauthorized\n" in out
    assert '"responseCode":"4017300"' in out
    assert err == ""


def test_a_missing_server_is_one_line(private_key: Path, dead_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """If no server listens, one line says so. The exit status is 2."""
    url = f"http://127.0.0.1:{dead_port}/"
    assert main(["request", *_options(url, private_key)]) == 2
    expected = (
        f"snap-token: no answer from {url}: [Errno {ECONNREFUSED}] Connection refused; is the server running there?\n"
    )
    assert capsys.readouterr() == ("", expected)


def test_a_server_that_does_not_answer_is_one_line(
    private_key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the server accepts the connection and does not answer, the command ends with status 2."""
    assert http_exchange.TIMEOUT_SECONDS == 10
    monkeypatch.setattr(http_exchange, "TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert main(["request", *_options(url, private_key)]) == 2
    assert capsys.readouterr() == ("", f"snap-token: no answer from {url}: timed out; is the server running there?\n")


@pytest.mark.parametrize(
    ("url", "client_key"),
    [("127.0.0.1/x", "A"), ("http://[::1/x", "A"), ("http://a..b/", "A"), ("http://127.0.0.1/", "é")],
    ids=["no scheme", "no address", "no name", "no ASCII"],
)
def test_an_invalid_request_is_one_line(
    private_key: Path, capsys: pytest.CaptureFixture[str], url: str, client_key: str
) -> None:
    """An invalid URL or client key is an error of one line. The exit status is 2."""
    assert main(["request", *_options(url, private_key, client_key)]) == 2
    assert _only_line(capsys).startswith(f"snap-token: the request to {url} cannot be sent: ")


def _only_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_proxies_are_for_other_machines(
    today: Merchant, private_key: Path, dead_port: int, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A proxy of the environment is not used for requests to this machine."""
    monkeypatch.setenv(variable, f"http://127.0.0.1:{dead_port}")
    assert main(["request", *_options(today.origin + BASE_PATH + TOKEN_PATH, private_key)]) == 0
    assert today.decision()["event"] == "token.issued"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "socks5://127.0.0.1:1"), ("ALL_PROXY", "gopher://127.0.0.1:1"), ("SSL_CERT_FILE", "/nowhere")],
    ids=["socks", "unknown proxy", "no certificates"],
)
def test_an_environment_that_cannot_be_used_is_one_line(
    private_key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """An unusable proxy or certificate of the environment is an error of one line. The exit status is 2."""
    monkeypatch.setenv(variable, value)
    assert main(["request", *_options("https://merchant.example/", private_key)]) == 2
    assert _only_line(capsys).startswith("snap-token: the request to https://merchant.example/ cannot be sent: ")


@pytest.mark.parametrize("left_out", ["--url", "--client-key", "--private-key"])
def test_missing_options_are_one_line(private_key: Path, capsys: pytest.CaptureFixture[str], left_out: str) -> None:
    """An option that neither the command line nor the settings have is named in one line. The exit status is 2."""
    options = _options("http://127.0.0.1/", private_key)
    place = options.index(left_out)
    assert main(["request", *options[:place], *options[place + 2 :]]) == 2
    expected = "snap-token: options are missing; add --config, or all of --url, --client-key and --private-key\n"
    assert capsys.readouterr() == ("", expected)


def test_a_bad_private_key_is_one_line(private_key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without a private key is an error of one line, and nothing is sent. The exit status is 2."""
    private_key.write_text("no key")
    assert main(["request", *_options("http://127.0.0.1/", private_key)]) == 2
    expected = f"snap-token: {private_key}: it is no key in a known form; ask for the key in PEM\n"
    assert capsys.readouterr() == ("", expected)


def test_settings_without_a_private_key_ask_for_one(
    private_key: Path, nicepay: Nicepay, capsys: pytest.CaptureFixture[str]
) -> None:
    """Production settings have no private key, so the error asks for --private-key."""
    config = _config(private_key, nicepay, "http://127.0.0.1:1")
    private_key.unlink()
    assert main(["request", "--config", config]) == 2
    expected = "the settings are not of a sandbox, so they have no private key; add --private-key"
    assert capsys.readouterr() == ("", f"snap-token: {expected}\n")
