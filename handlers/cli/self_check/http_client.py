"""The HTTP client of the checks, and the URLs that users name."""

from pathlib import Path

import httpx

from handlers import __version__
from handlers.cli.errors import UsageError
from handlers.cli.simulator.http_exchange import tls_context
from handlers.judge.sender import open_client

AGENT = f"snap-token-self-check/{__version__}"
"""The User-Agent."""

_LARGEST_PORT = 65_535


def client_of(ca_file: Path | None) -> httpx.Client:
    """An HTTP client that keeps no connection open and follows no redirect.

    Raises:
        UsageError: the file, or what the environment says about proxies and certificates, cannot be used.
    """
    try:
        return open_client(AGENT, tls_context(ca_file))
    except (ValueError, ImportError, OSError) as error:
        message = f"requests cannot be sent from this machine: {error}"
        raise UsageError(message) from error


def parsed_url(text: str | None, option: str) -> httpx.URL | None:
    """The URL of an option, or None without the option. No message repeats the URL, because it may hold a password.

    Raises:
        UsageError: it is not a URL of a web server, or has a user name or a password.
    """
    if text is None:
        return None
    try:
        url = httpx.URL(text)
        url.host.encode("idna")  # Otherwise a malformed name fails only when it is looked up.
    except (httpx.InvalidURL, UnicodeError) as error:
        message = f"{option}: the URL is not valid: {error}"
        raise UsageError(message) from error
    if url.scheme == "ntp":
        message = f"{option}: NTP is not supported; name a web server, such as https://time.example"
        raise UsageError(message)
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 0) > _LARGEST_PORT:
        message = f"{option}: the URL must have https:// or http://, a host, and a port of at most {_LARGEST_PORT}"
        raise UsageError(message)
    if url.userinfo:
        message = f"{option}: the URL has a user name or a password; leave it out"
        raise UsageError(message)
    return url.copy_with(fragment=None)
