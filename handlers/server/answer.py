"""One SNAP answer on the wire: status, headers and body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from starlette.types import Send

from handlers.server.challenge import snap_challenge
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, SnapError
from handlers.snap.timestamp import render

_COMMON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with its responseCode, and the headers that its status demands."""

    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def refusing(cls, error: SnapError) -> "Answer":
        """An error body has exactly responseCode and responseMessage."""
        code = error.code.of_service(ACCESS_TOKEN_SERVICE)
        return cls({"responseCode": code, "responseMessage": error.message}, {**snap_challenge(error), **error.headers})

    @property
    def code(self) -> str:
        """The responseCode."""
        return str(self.body["responseCode"])

    @property
    def status(self) -> int:
        """The first three digits of the responseCode are the HTTP status (ASPI, responseCode)."""
        return int(self.code[:3])

    async def send(self, send: Send, now: datetime, client_key: str | None) -> None:
        """Every answer carries the server's time, and the client key if the request had one (ASPI, 2.1.5.b)."""
        content = orjson.dumps(self.body)
        headers = [
            *_COMMON,
            (b"x-timestamp", render(now).encode()),
            (b"content-length", b"%d" % len(content)),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()),
        ]
        if client_key is not None:
            headers.append((b"x-client-key", client_key.encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
