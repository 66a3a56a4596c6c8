"""A request of the judge, and the server's answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from handlers.judge.json_body import lenient_members

BODY = b'{"grantType":"client_credentials","additionalInfo":{}}'
"""The body that NICEPAY documents (NICO, Access Token)."""

CONTENT_TYPE = "Content-Type"
TIMESTAMP = "X-TIMESTAMP"
CLIENT_KEY = "X-CLIENT-KEY"
SIGNATURE = "X-SIGNATURE"

_TOKEN = re.compile(rb"access_?Token\W{1,9}\w", re.IGNORECASE)
"""A token in a text that is not JSON."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Its headers are sent in this order, with these names, and with values in Latin-1.

    `path_suffix` is appended to the path of the URL. A chunked body has no Content-Length.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes = BODY
    method: str = "POST"
    path_suffix: str = ""
    chunked: bool = False

    def with_body(self, body: bytes) -> Self:
        """Return a copy with another body. The signature stays valid, because it does not cover the body."""
        return replace(self, body=body)

    def with_header(self, name: str, value: str) -> Self:
        """Return a copy with another value of a header, or with one more header."""
        changed = tuple((each, value if each == name else old) for each, old in self.headers)
        return replace(self, headers=changed if name in dict(self.headers) else (*changed, (name, value)))

    def with_duplicate_header(self, name: str, value: str, *, first: bool) -> Self:
        """Return a copy with a second header of this name, before or after all other headers."""
        duplicate = ((name, value),)
        return replace(self, headers=duplicate + self.headers if first else self.headers + duplicate)

    def without_header(self, name: str) -> Self:
        """Return a copy without a header."""
        return replace(self, headers=tuple(each for each in self.headers if each[0] != name))

    def with_header_names(self, change: Callable[[str], str]) -> Self:
        """Return a copy with changed header names, for example in lowercase."""
        return replace(self, headers=tuple((change(name), value) for name, value in self.headers))


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer, and when it arrived. Header names are in lowercase.

    If no answer arrived, `failure` says why and `status` is 0.
    """

    request: Request
    received_at: datetime
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str = ""

    def header(self, name: str) -> str | None:
        """Return the last value of a header, or None."""
        return dict(self.headers).get(name)

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of the JSON object in the body, as a tolerant client reads it. Empty if there is no object."""
        return lenient_members(self.body)

    @property
    def code(self) -> str:
        """`responseCode` as text, even if the server sent a number."""
        return str(self.members.get("responseCode", ""))

    @property
    def message(self) -> str:
        """`responseMessage` as text."""
        return str(self.members.get("responseMessage", ""))

    @property
    def token(self) -> str:
        """`accessToken`, or an empty string if it is absent or not a string."""
        value = self.members.get("accessToken")
        return value if isinstance(value, str) else ""

    @property
    def holds_token(self) -> bool:
        """Whether the body holds a token, in JSON or in any other text."""
        return bool(self.token or (not self.members and _TOKEN.search(self.body)))
