"""One request as the judge sends it, and what came back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

BODY = b'{"grantType":"client_credentials","additionalInfo":{}}'
"""As NICEPAY prints it (NICO, Access Token)."""

CONTENT_TYPE = "Content-Type"
TIMESTAMP = "X-TIMESTAMP"
CLIENT_KEY = "X-CLIENT-KEY"
SIGNATURE = "X-SIGNATURE"


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire: headers in this order and spelling, their values in Latin-1.

    `suffix` is put behind the path of the URL. A chunked body announces no length.
    """

    headers: tuple[tuple[str, str], ...]
    body: bytes = BODY
    method: str = "POST"
    suffix: str = ""
    chunked: bool = False

    def with_body(self, body: bytes) -> Self:
        """Another body; the signature does not cover it."""
        return replace(self, body=body)

    def with_header(self, name: str, value: str) -> Self:
        """Another value in the same place, or one more header."""
        changed = tuple((each, value if each == name else held) for each, held in self.headers)
        return replace(self, headers=changed if name in dict(self.headers) else (*changed, (name, value)))

    def with_second(self, name: str, value: str, *, first: bool) -> Self:
        """The same name once more with another value, before or behind all else."""
        second = ((name, value),)
        return replace(self, headers=second + self.headers if first else self.headers + second)

    def without(self, name: str) -> Self:
        """One header less."""
        return replace(self, headers=tuple(each for each in self.headers if each[0] != name))

    def spelt(self, spell: Callable[[str], str]) -> Self:
        """Header names in other letters."""
        return replace(self, headers=tuple((spell(name), value) for name, value in self.headers))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back at some time; names of headers in lower case.

    `failure` says why nothing came; status is 0 then.
    """

    request: Request
    at: datetime
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str = ""

    def header(self, name: str) -> str | None:
        """The value of a header, the last if there are several."""
        return dict(self.headers).get(name)

    @property
    def members(self) -> Mapping[str, Any]:
        """Those of the JSON object in the body; none if it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def code(self) -> str:
        """`responseCode`, be it a text or a number."""
        return str(self.members.get("responseCode", ""))

    @property
    def message(self) -> str:
        """`responseMessage`."""
        return str(self.members.get("responseMessage", ""))

    @property
    def token(self) -> str:
        """`accessToken`; empty if there is none, or none that is a text."""
        value = self.members.get("accessToken")
        return value if isinstance(value, str) else ""
