"""The merchant's base URL, which is all that the pack knows of the merchant."""

import re
from urllib.parse import SplitResult, urlsplit

from handlers.cli.errors import UsageError
from handlers.config.addresses import is_loopback
from handlers.server.openapi.documents import TOKEN_PATH

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\]")
# A client removes what is . or .. between slashes before it sends (RFC 3986, 5.2.4).
_PATH = re.compile(r"(/(?!\.\.?(/|\Z))[A-Za-z0-9._~-]+)*")
_NOWHERE = urlsplit("https://")
_PARTS = "a host, a port and a path are wanted in it, in ASCII, and nothing else"


def base_url(text: str, base_path: str) -> str:
    """The URL as the document is to have it, without a slash at its end; `base_path` is for a URL without a path.

    Raises:
        MisuseError: it is no base URL that can be handed to NICEPAY.
    """
    try:
        parts = urlsplit(text)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        parts, port = _NOWHERE, ""
    path = parts.path.rstrip("/") or base_path
    fault = _fault(parts, path)
    if fault:
        message = f"--base-url: {fault}; for example https://merchant.example/api/v1.0"
        raise UsageError(message)
    return f"{parts.scheme}://{_host(parts)}{port}{path}"


def _fault(parts: SplitResult, path: str) -> str | None:
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return "https:// is wanted; http:// will do for this machine alone"
    if parts.username is not None or parts.query or parts.fragment:
        return _PARTS
    if parts.port == 0 or not _HOST.fullmatch(_host(parts)):
        return _PARTS
    if not _PATH.fullmatch(path):
        return "its path may hold letters, digits and -._~ between single slashes"
    if path.endswith(TOKEN_PATH):
        return f"leave {TOKEN_PATH} out: NICEPAY appends it"
    return None


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    return f"[{name}]" if ":" in name else name
