"""Signed token requests, and the curl command for them."""

import json
import shlex
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from handlers.cli.simulator.signed_request import SignedRequest
from handlers.server.openapi import documents
from tests import document
from tests.merchant import NOON
from tests.nicepay import Nicepay, jakarta

URL = "http://127.0.0.1:8080/api/v1.0/access-token/b2b"


def _signed(nicepay: Nicepay, url: str = URL, client_key: str = "IONPAYTEST") -> SignedRequest:
    return SignedRequest.make(url, client_key, nicepay.private_key, NOON)


def test_the_request_is_nicepays(nicepay: Nicepay) -> None:
    """Headers and body are those of NICEPAY, with the current second in Jakarta time."""
    signed = _signed(nicepay)
    assert signed.headers == nicepay.headers(jakarta(NOON))
    assert json.loads(signed.body) == {"grantType": "client_credentials", "additionalInfo": {}}
    assert documents.TOKEN_PATH == document.TOKEN_PATH


def test_the_signature_is_over_client_key_and_timestamp(nicepay: Nicepay) -> None:
    """The public key verifies the signature over `client key|X-TIMESTAMP`."""
    headers = _signed(nicepay, client_key="OTHER").headers
    message = f"OTHER|{headers['X-TIMESTAMP']}".encode()
    nicepay.private_key.public_key().verify(b64decode(headers["X-SIGNATURE"]), message, padding.PKCS1v15(), SHA256())
    assert headers["X-CLIENT-KEY"] == "OTHER"


@pytest.mark.parametrize(
    ("url", "client_key", "flags"),
    [
        pytest.param(URL, "IONPAYTEST", [], id="plain"),
        pytest.param("http://a/$HOME?a=b&c=`d`", "O'Neill\"$(id)!\\", [], id="full of what a shell reads"),
        pytest.param("http://[::1]:80/a?b[1-3]={c,d}", "A", ["-g"], id="full of what curl reads"),
    ],
)
def test_the_curl_command_is_the_same_request(nicepay: Nicepay, url: str, client_key: str, flags: list[str]) -> None:
    """A shell reads the printed command as exactly this request, with any characters."""
    signed = _signed(nicepay, url, client_key)
    headers = [argument for name, value in signed.headers.items() for argument in ("-H", f"{name}: {value}")]
    assert _words(signed.as_curl()) == ["curl", "-sS", *flags, url, *headers, "-d", signed.body]


def _words(command: str) -> list[str]:
    """The words of the command as a POSIX shell splits them, without the escaped line ends that shlex keeps."""
    return shlex.split(command.replace("\\\n", ""))


def test_the_curl_command_is_one_option_a_line(nicepay: Nicepay) -> None:
    """The command has one option on each line."""
    first, *options = _signed(nicepay).as_curl().split(" \\\n  ")
    assert first == f"curl -sS {URL}"
    assert [option[:2] for option in options] == ["-H", "-H", "-H", "-H", "-d"]


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        ("POST", "@home", ["curl", "-sS", URL, "--data-raw", "@home"]),
        ("GET", "", ["curl", "-sS", "-X", "GET", URL]),
        ("POST", "", ["curl", "-sS", "-X", "POST", URL]),
        ("A; id", "", ["curl", "-sS", "-X", "A; id", URL]),
        ("PUT", "{}", ["curl", "-sS", "-X", "PUT", URL, "-d", "{}"]),
    ],
)
def test_any_method_and_body_can_be_a_command(method: str, body: str, words: list[str]) -> None:
    """The method is named if curl would choose another, and a body that begins with @ is not read as a file name."""
    assert _words(SignedRequest(URL, {}, body, method).as_curl()) == words


def test_a_secret_header_is_a_variable() -> None:
    """The command names a variable in place of the value, and nothing that is printed has the value."""
    request = SignedRequest(URL, {}, secret_headers={"X-A": "hush"})
    assert '-H "X-A: $X_A"' in request.as_curl()
    assert "hush" not in request.as_curl() + repr(request)
