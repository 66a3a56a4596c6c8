"""The HTTP response: status, headers and body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import orjson
from starlette.types import Send

from handlers.server.http.request_id import HEADER
from handlers.snap.codes import SnapError
from handlers.snap.timestamp import render

Body = Mapping[str, object] | bytes | None
"""A JSON object, or bytes whose Content-Type is in the headers. None means an empty body."""

Result = Mapping[str, object] | tuple[Body, Mapping[str, str]] | tuple[Body, int]
"""What a handler function returns: a body, a body and headers, or a body and a status."""

_NOT_STORED = (b"cache-control", b"no-store")
_JSON = (b"content-type", b"application/json")
_OK = 200


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its body, its status and its own headers. `send` adds the common headers."""

    body: Body
    status: int = _OK
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, result: Result) -> "Response":
        """The response for the result of a handler function."""
        match result:
            case body, int() as status:
                return cls(body, status)
            case body, headers:
                return cls(body, headers=headers)
        return cls(result)

    @classmethod
    def refusing(
        cls, error: SnapError, service_code: str, challenge: Mapping[str, str], members: Mapping[str, object]
    ) -> "Response":
        """The response for a refusal. Its body has responseCode, responseMessage, and these additional members."""
        code = error.code.response_code(service_code)
        body = {"responseCode": code, "responseMessage": error.message, **members}
        return cls(body, error.code.status, {**challenge, **error.headers})

    @property
    def code(self) -> str:
        """The responseCode for the log. The HTTP status if the body has none."""
        return str(self.body.get("responseCode", self.status) if isinstance(self.body, Mapping) else self.status)

    async def send(self, send: Send, now: datetime, request_id: str, client_key: object) -> None:
        """Send the response with the server's time, the request ID, and the client key if the request had one.

        SNAP requires X-TIMESTAMP and X-CLIENT-KEY in a response (ASPI, section 2.1.5.b).
        """
        content = self.body if isinstance(self.body, bytes) else b"" if self.body is None else orjson.dumps(self.body)
        headers = [
            _NOT_STORED,
            (b"x-timestamp", _server_time(int(now.timestamp()))),
            (HEADER, request_id.encode()),
            (b"content-length", b"%d" % len(content)),
        ]
        if self.headers:
            headers += ((name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items())
        if isinstance(self.body, Mapping):
            headers.append(_JSON)
        if client_key is not None:
            headers.append((b"x-client-key", str(client_key).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@lru_cache(maxsize=2)
def _server_time(second: int) -> bytes:
    return render(datetime.fromtimestamp(second, UTC)).encode()
