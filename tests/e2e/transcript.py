"""The story as it is told: each exchange as HTTP, with the headers that matter and nothing secret in full."""

import re
import sys

import httpx

_SENT = (
    *("X-TIMESTAMP", "X-CLIENT-KEY", "Authorization", "X-PARTNER-ID", "X-SIGNATURE", "X-EXTERNAL-ID"),
    *("X-Original-URI", "X-Forwarded-Uri", "X-Internal-Authorization"),
)
_ANSWERED = ("WWW-Authenticate", "Retry-After")
# Tokens and signatures: long runs of base64, in either of its alphabets.
_SECRET = re.compile(r"([A-Za-z0-9+/_-]{10})[A-Za-z0-9+/_-]{34,}=*")


def shortened(text: str) -> str:
    """The text with the start of each token and signature in place of it."""
    return _SECRET.sub(r"\1...", text)


class Transcript:
    """Writes chapter by chapter to standard output, which pytest keeps for a failure and `make story` shows."""

    def __init__(self) -> None:
        self._chapter = 0

    def chapter(self, title: str) -> None:
        self._chapter += 1
        _say("", f"{self._chapter}. {title}", "")

    def exchange(self, answer: httpx.Response) -> None:
        """A request and its answer."""
        sent = answer.request
        _say(f"  > {sent.method} {sent.url.raw_path.decode()}", *_lines("  > ", sent.headers, _SENT))
        _say(*(f"  > {line}" for line in sent.content.decode().split("\r\n") if line))
        _say(f"  < {answer.status_code} {answer.reason_phrase}", *_lines("  < ", answer.headers, _ANSWERED))
        _say(f"  < {answer.text}" if answer.text else "  < (no body)")

    def note(self, text: str) -> None:
        _say(f"    {text}")


def _lines(mark: str, headers: httpx.Headers, names: tuple[str, ...]) -> list[str]:
    return [f"{mark}{name}: {headers[name]}" for name in names if name in headers]


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{shortened(line)}\n")
    sys.stdout.flush()
