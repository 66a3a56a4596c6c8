"""A request sent, and both sides of the exchange as text."""

import ssl
from collections.abc import Container
from pathlib import Path

import httpx

from handlers.cli.errors import UsageError
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.config.key_files import read_text

TIMEOUT_SECONDS = 10
_UNANSWERED = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)
# A URL or a header that cannot be, a proxy in the environment that needs what is not installed, certificates not found.
_UNSENDABLE = (httpx.InvalidURL, httpx.HTTPError, ValueError, ImportError, OSError)
_LOOPBACK = {"all://127.0.0.1": None, "all://[::1]": None, "all://localhost": None}


def trusting(ca_file: Path | None) -> ssl.SSLContext | None:
    """The authorities that a client of https:// trusts: only those in the file. None means those that httpx trusts.

    Raises:
        MisuseError: the file cannot be read, or holds no certificate in PEM.
    """
    if ca_file is None:
        return None
    try:
        text = read_text(ca_file)
    except (ValueError, TimeoutError) as error:
        raise UsageError(str(error)) from error
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        trusted.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError) as error:
        message = f"{ca_file} holds no certificate in PEM; name the file of the authority to trust"
        raise UsageError(message) from error
    return trusted


def send(request: SignedRequest) -> httpx.Response:
    """The answer, whatever it is.

    Raises:
        MisuseError: nothing can be sent there, or nobody answers.
    """
    verify = trusting(request.ca_file) or True
    try:
        # A proxy of the environment is for other machines, not for this one.
        with httpx.Client(mounts=_LOOPBACK, timeout=TIMEOUT_SECONDS, verify=verify) as client:
            headers = {**request.headers, **request.secret_headers}
            return client.request(request.method, request.url, headers=headers, content=request.body.encode())
    except _UNANSWERED as error:
        message = f"no answer from {request.url}: {error}; is the server running there?"
        raise UsageError(message) from error
    except _UNSENDABLE as error:
        message = f"nothing can be sent to {request.url}: {error}"
        raise UsageError(message) from error


def shown(request: SignedRequest, response: httpx.Response) -> str:
    """As it went over the wire, the capitals of headers included; those that hold secrets are named only."""
    sent = response.request
    secret = {"authorization", *(name.lower() for name in request.secret_headers)}
    lines = [
        f"{sent.method} {sent.url}",
        *_lines(sent.headers, secret),
        f"\n{sent.content.decode()}\n",
        f"{response.http_version} {response.status_code} {response.reason_phrase}",
        *_lines(response.headers),
        f"\n{response.text}\n",
    ]
    return "\n".join(lines)


def _lines(headers: httpx.Headers, secret: Container[str] = ()) -> list[str]:
    told = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)
    return [f"{name}: {'(secret)' if name.lower() in secret else value}" for name, value in told]
