"""Send a request, and print request and response."""

import ssl
from collections.abc import Container
from pathlib import Path

import httpx

from handlers.cli.errors import UsageError
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.config.file_content import read_text

TIMEOUT_SECONDS = 10
_UNANSWERED = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)
# An invalid URL or header, a proxy of the environment that needs a missing library, or missing certificates.
_UNSENDABLE = (httpx.InvalidURL, httpx.HTTPError, ValueError, ImportError, OSError)
_LOOPBACK = {"all://127.0.0.1": None, "all://[::1]": None, "all://localhost": None}


def tls_context(ca_file: Path | None) -> ssl.SSLContext | None:
    """A TLS context that trusts only the certificate authorities in this PEM file. None means the default of httpx.

    Raises:
        UsageError: the file cannot be read, or holds no certificate in PEM.
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
        message = f"{ca_file} holds no certificate in PEM; name a file that holds the certificate of the authority"
        raise UsageError(message) from error
    return trusted


def send(request: SignedRequest) -> httpx.Response:
    """Send the request and return the response. The status may be any.

    Raises:
        UsageError: the request cannot be sent, or no response arrives within TIMEOUT_SECONDS.
    """
    verify = tls_context(request.ca_file) or True
    try:
        # A proxy of the environment is not used for requests to this machine.
        with httpx.Client(mounts=_LOOPBACK, timeout=TIMEOUT_SECONDS, verify=verify) as client:
            headers = {**request.headers, **request.secret_headers}
            return client.request(request.method, request.url, headers=headers, content=request.body.encode())
    except _UNANSWERED as error:
        message = f"no answer from {request.url}: {error}; is the server running there?"
        raise UsageError(message) from error
    except _UNSENDABLE as error:
        message = f"the request to {request.url} cannot be sent: {error}"
        raise UsageError(message) from error


def render_exchange(request: SignedRequest, response: httpx.Response) -> str:
    """Request and response as they were sent. The value of a secret header is replaced with `(secret)`."""
    as_sent = response.request
    secret = {"authorization", *(name.lower() for name in request.secret_headers)}
    lines = [
        f"{as_sent.method} {as_sent.url}",
        *_lines(as_sent.headers, secret),
        f"\n{as_sent.content.decode()}\n",
        f"{response.http_version} {response.status_code} {response.reason_phrase}",
        *_lines(response.headers),
        f"\n{response.text}\n",
    ]
    return "\n".join(lines)


def _lines(headers: httpx.Headers, secret: Container[str] = ()) -> list[str]:
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)
    return [f"{name}: {'(secret)' if name.lower() in secret else value}" for name, value in pairs]
