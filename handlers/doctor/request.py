"""A captured request."""

from dataclasses import dataclass
from typing import Optional
from urllib.parse import urlsplit

from handlers.snap.networks import Address


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names may have any case. Header values are unchanged.

    `target` is a path with its query, or a whole URL. `version` is the HTTP version, such as "1.1". A request that was
    captured as HTTP/2 or HTTP/3 has "1.1", because a proxy sends it to the server as HTTP/1.1. `authorize_request` is
    the proxy's request to /authorize about this call, if it was captured. `caller` is the address from which the
    request came, if a capture of this server has it.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    version: str = "1.1"
    authorize_request: Optional["Request"] = None
    caller: Address | None = None

    def all(self, name: str) -> list[str]:
        """Return all values of a header, in the order of the request."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def get(self, name: str) -> str:
        """Return the last value of a header, or an empty string if the header is absent."""
        return next(iter(reversed(self.all(name))), "")

    @property
    def path(self) -> str:
        """The path without scheme, host and query.

        A target with a fragment is returned whole, because no path of a server has one (RFC 9112, section 3.2).
        """
        return self.uri if "#" in self.uri else self.uri.partition("?")[0]

    @property
    def uri(self) -> str:
        """The path with its query, without scheme and host."""
        if self.target.startswith("/"):
            return self.target
        try:
            parts = urlsplit(self.target)
        except ValueError:  # For example an incomplete IPv6 address.
            return self.target
        return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"

    @property
    def body_not_forwarded(self) -> bool:
        """Whether the proxy sent its authorize request by GET, which carries no body of the call."""
        return self.authorize_request is not None and self.authorize_request.method == "GET"
