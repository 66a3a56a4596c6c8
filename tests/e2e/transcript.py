"""The output of `make story`: each HTTP exchange with its important headers, and no secret in full."""

import re
import sys

import httpx

_REQUEST_HEADERS = (
    *("X-TIMESTAMP", "X-CLIENT-KEY", "Authorization", "X-PARTNER-ID", "X-SIGNATURE", "X-EXTERNAL-ID", "CHANNEL-ID"),
    *("X-Original-URI", "X-Forwarded-Uri", "X-Internal-Authorization"),
)
_RESPONSE_HEADERS = ("WWW-Authenticate", "Retry-After")
# Tokens and signatures are long runs of base64 or base64url.
_SECRET = re.compile(r"([A-Za-z0-9+/_-]{10})[A-Za-z0-9+/_-]{34,}=*")


def shortened(text: str) -> str:
    """Replace each token and signature by its first ten characters."""
    return _SECRET.sub(r"\1...", text)


class Transcript:
    """Writes numbered chapters to standard output. `make story` shows them; pytest shows them for a failed test."""

    def __init__(self) -> None:
        self._chapter = 0

    def chapter(self, title: str) -> None:
        self._chapter += 1
        _write("", f"{self._chapter}. {title}", "")

    def exchange(self, answer: httpx.Response) -> None:
        """Write a request and its answer."""
        request = answer.request
        _write(f"  > {request.method} {request.url.raw_path.decode()}")
        _write(*_lines("  > ", request.headers, _REQUEST_HEADERS))
        _write(*(f"  > {line}" for line in request.content.decode().split("\r\n") if line))
        _write(f"  < {answer.status_code} {answer.reason_phrase}")
        _write(*_lines("  < ", answer.headers, _RESPONSE_HEADERS))
        _write(f"  < {answer.text}" if answer.text else "  < (no body)")

    def note(self, text: str) -> None:
        _write(f"    {text}")


def _lines(prefix: str, headers: httpx.Headers, names: tuple[str, ...]) -> list[str]:
    return [f"{prefix}{name}: {headers[name]}" for name in names if name in headers]


def _write(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{shortened(line)}\n")
    sys.stdout.flush()
