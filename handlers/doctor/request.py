"""A request as it was captured."""

from dataclasses import dataclass
from typing import Optional
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """Header names in any case; values as they were sent. `target` is a path with its query, or a whole URL.

    `version` is the version of HTTP; a request that was captured as HTTP/2 or 3 reaches the server as 1.1. `question`
    is what a proxy asked at /authorize about this call, if that was captured. A question by GET never has the body.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    version: str = "1.1"
    question: Optional["Request"] = None

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def get(self, name: str) -> str:
        """Its last value; empty if it is absent."""
        return next(iter(reversed(self.all(name))), "")

    @property
    def path(self) -> str:
        """Without the query and, where the target is a whole URL, without scheme and host.

        A target with a fragment is given whole: it names no path of a server (RFC 9112, section 3.2).
        """
        return self.uri if "#" in self.uri else self.uri.partition("?")[0]

    @property
    def uri(self) -> str:
        """The path with its query."""
        if self.target.startswith("/"):
            return self.target
        try:
            parts = urlsplit(self.target)
        except ValueError:  # Such as half of an IPv6 address.
            return self.target
        return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"

    @property
    def without_body(self) -> bool:
        """Whether a proxy asked about the call without its body."""
        return self.question is not None and self.question.method == "GET"
