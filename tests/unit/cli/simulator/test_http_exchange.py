"""The certificate authorities that a command trusts."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from handlers.cli import main
from tests.e2e import certificate
from tests.nicepay import Nicepay

HOST = "127.0.0.1"


class _Refusing(BaseHTTPRequestHandler):
    """Answers every request with 404."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The URL of a server whose certificate has an unknown authority."""
    certificate.write(tmp_path, HOST)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "certificate-key.pem")
    server = HTTPServer((HOST, 0), _Refusing)
    server.socket = own.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://{HOST}:{server.server_port}/a"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def private_key(tmp_path: Path, nicepay: Nicepay) -> str:
    file = tmp_path / "private.pem"
    file.write_text(nicepay.private_pem)
    return str(file)


def _command(name: str, url: str, private_key: str) -> list[str]:
    """The options that each command needs."""
    where = [url] if name == "check" else ["--url", url]
    return [name, *where, "--client-key", "A", "--private-key", private_key]


@pytest.mark.parametrize("command", ["request", "check"])
def test_an_unknown_authority_is_not_trusted(
    url: str, private_key: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A certificate of an unknown authority is refused: one line says so, and the exit status is 2."""
    assert main(_command(command, url, private_key)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "CERTIFICATE_VERIFY_FAILED" in err


@pytest.mark.parametrize("command", ["request", "check"])
def test_a_named_authority_is_trusted(
    tmp_path: Path, url: str, private_key: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """With --ca-file the server is trusted, and its refusal is printed. The exit status is 1."""
    trusted = ["--ca-file", str(tmp_path / "certificate.pem")]
    assert main([*_command(command, url, private_key), *trusted]) == 1
    assert "404" in capsys.readouterr().out


def test_a_call_trusts_a_named_authority(
    tmp_path: Path, url: str, private_key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --ca-file a call is also sent to the server."""
    (tmp_path / "token").write_text("token")
    command = ["request", "call", "--url", url, "--client-key", "A", "--private-key", private_key]
    trusted = ["--token-file", str(tmp_path / "token"), "--ca-file", str(tmp_path / "certificate.pem")]
    assert main([*command, *trusted]) == 1
    assert "404" in capsys.readouterr().out


def test_a_curl_command_names_the_authority(
    tmp_path: Path, url: str, private_key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The printed curl command has the absolute path of the authority's file."""
    monkeypatch.chdir(tmp_path)
    assert main([*_command("curl", url, private_key), "--ca-file", "certificate.pem"]) == 0
    assert f"--cacert {tmp_path}/certificate.pem \\\n" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", "no certificate", "é"], ids=["missing", "empty", "no PEM", "no ASCII"])
@pytest.mark.parametrize("command", ["request", "curl", "check"])
def test_a_file_without_a_certificate_is_an_error(
    tmp_path: Path, private_key: str, capsys: pytest.CaptureFixture[str], content: str | None, command: str
) -> None:
    """Every command refuses a --ca-file that is missing or has no certificate. The exit status is 2."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert main([*_command(command, "https://127.0.0.1:1/", private_key), "--ca-file", str(file)]) == 2
    wrong = "holds no certificate in PEM; name a file that holds the certificate of the authority"
    expected = "cannot be read: No such file or directory" if content is None else wrong
    assert capsys.readouterr() == ("", f"snap-token: {file} {expected}\n")
