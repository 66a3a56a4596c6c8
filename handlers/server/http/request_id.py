"""The request ID. It is the same in the logs of this server, of the proxy and of the merchant's service."""

import os
import re
from secrets import token_bytes

from starlette.types import Message, Scope, Send

REQUEST_ID = "snap_token.request_id"
"""The key of the request ID in the ASGI scope."""

HEADER = b"x-request-id"

_FORMAT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BYTES = 16
_NEW_IDS = 256
"""Number of IDs for which the operating system gives random bytes at once. One call for each ID costs 5 us."""

_new_ids: list[str] = []
os.register_at_fork(after_in_child=_new_ids.clear)  # No two processes use the same IDs.


def identify(scope: Scope) -> str:
    """The request ID. The first call stores it in the scope, so all middlewares get the same ID.

    It is the X-Request-ID that the proxy sent, if that is valid: 1 to 64 letters, digits, `.`, `_` and `-`. Otherwise,
    or if the header is repeated, it is a new ID of 32 hexadecimal digits.
    """
    if REQUEST_ID not in scope:
        scope[REQUEST_ID] = _from_proxy(scope) or _new_id()
    request_id: str = scope[REQUEST_ID]
    return request_id


def _new_id() -> str:
    if not _new_ids:
        pool = token_bytes(_BYTES * _NEW_IDS)
        _new_ids.extend(pool[at : at + _BYTES].hex() for at in range(0, len(pool), _BYTES))
    return _new_ids.pop()


def with_request_id(send: Send, request_id: str) -> Send:
    """Put the id into an answer that another application makes."""

    async def identified(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, request_id.encode())]}
        await send(message)

    return identified


def is_request_id(text: str) -> bool:
    """Whether the text is a valid request ID."""
    return _FORMAT.fullmatch(text) is not None


def _from_proxy(scope: Scope) -> str | None:
    if HEADER not in dict(scope["headers"]):  # The common case, and the fastest.
        return None
    ids = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER]
    return ids[0] if len(ids) == 1 and is_request_id(ids[0]) else None
