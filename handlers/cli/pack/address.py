"""The base URL of the merchant, which is the only data of the merchant in the pack."""

import re
from urllib.parse import SplitResult, urlsplit

from handlers.cli.errors import UsageError
from handlers.config.addresses import is_loopback
from handlers.server.openapi.documents import TOKEN_PATH

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\]")
# A client removes the segments . and .. before it sends a request (RFC 3986, section 5.2.4).
_PATH = re.compile(r"(/(?!\.\.?(/|\Z))[A-Za-z0-9._~-]+)*")
_INVALID = urlsplit("https://")
_PARTS = "it must have a host, may have a port and a path, all in ASCII, and nothing else"


def base_url(text: str, base_path: str, *, is_internal: bool = False) -> str:
    """The base URL for the document, without a slash at its end. A URL without a path gets `base_path`.

    An internal base URL may begin with http://, because the internal listener needs no TLS.

    Raises:
        UsageError: NICEPAY could not use this base URL.
    """
    try:
        parts = urlsplit(text)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        parts, port = _INVALID, ""
    path = parts.path.rstrip("/") or base_path
    mistake = _mistake(parts, path, is_internal=is_internal)
    if mistake:
        example = "http://10.0.0.5:9080" if is_internal else "https://merchant.example/api/v1.0"
        message = f"--base-url: {mistake}; for example {example}"
        raise UsageError(message)
    return f"{parts.scheme}://{_host(parts)}{port}{path}"


def _mistake(parts: SplitResult, path: str, *, is_internal: bool) -> str | None:
    if parts.scheme not in {"https", "http"} or (
        parts.scheme == "http" and not is_internal and not is_loopback(parts.hostname or "")
    ):
        return "the URL must begin with https://; http:// is allowed only for this machine and with --internal"
    if parts.username is not None or parts.query or parts.fragment:
        return _PARTS
    if parts.port == 0 or not HOST.fullmatch(_host(parts)):
        return _PARTS
    if not _PATH.fullmatch(path):
        return "its path may hold letters, digits and -._~ between single slashes"
    if path.endswith(TOKEN_PATH) and not is_internal:
        return f"leave {TOKEN_PATH} out, because NICEPAY appends it"
    return None


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    return f"[{name}]" if ":" in name else name
