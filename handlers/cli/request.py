"""`snap-token request`: NICEPAY's part, played against a server."""

import sys
from pathlib import Path

import httpx

from handlers.cli.misuse import MisuseError, settings_of
from handlers.cli.signing import TOKEN_PATH, SignedRequest, private_key_of
from handlers.server import start

_TIMEOUT_SECONDS = 10
_REFUSED = 1
_UNANSWERED = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)
# A URL or a header that cannot be, a proxy in the environment that needs what is not installed, certificates not found.
_UNSENDABLE = (httpx.InvalidURL, httpx.HTTPError, ValueError, ImportError, OSError)
_LOOPBACK = {"all://127.0.0.1": None, "all://[::1]": None, "all://localhost": None}


def request(
    *,
    config: Path | None = None,
    url: str | None = None,
    client_key: str | None = None,
    private_key: Path | None = None,
) -> int:
    """Sign and send a token request as NICEPAY would, and print the exchange. Exit status 1 if it is refused.

    Example: snap-token request --config sandbox/snap-token.toml

    Args:
        config: The settings of a sandbox; the other options are taken from there, unless given.
        url: The whole URL of the token endpoint.
        client_key: The X-CLIENT-KEY to send.
        private_key: The file of the private key to sign with, in PEM.
    """
    if config:
        settings = settings_of(config)
        url = (
            url or f"{start.origin(settings.server.host, settings.server.port)}{settings.server.base_path}{TOKEN_PATH}"
        )
        client_key = client_key or settings.clients[0].id
        private_key = private_key or settings.sandbox.private_key_file
    if not (url and client_key and private_key):
        message = "name --config, or all of --url, --client-key and --private-key"
        raise MisuseError(message)
    signed = SignedRequest.make(url, client_key, private_key_of(private_key), start.system_clock())
    response = _sent(signed)
    sys.stdout.write(_exchange(response))
    return 0 if response.is_success else _REFUSED


def _sent(signed: SignedRequest) -> httpx.Response:
    try:
        # A proxy of the environment is for other machines, not for this one.
        with httpx.Client(mounts=_LOOPBACK, timeout=_TIMEOUT_SECONDS) as client:
            return client.post(signed.url, headers=signed.headers, content=signed.body)
    except _UNANSWERED as error:
        message = f"no answer from {signed.url}: {error}; is the server running there?"
        raise MisuseError(message) from error
    except _UNSENDABLE as error:
        message = f"nothing can be sent to {signed.url}: {error}"
        raise MisuseError(message) from error


def _exchange(response: httpx.Response) -> str:
    sent = response.request
    lines = [
        f"{sent.method} {sent.url}",
        *_lines(sent.headers),
        f"\n{sent.content.decode()}\n",
        f"{response.http_version} {response.status_code} {response.reason_phrase}",
        *_lines(response.headers),
        f"\n{response.text}\n",
    ]
    return "\n".join(lines)


def _lines(headers: httpx.Headers) -> list[str]:
    """Headers as they went over the wire, their capitals included."""
    return [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in headers.raw]
