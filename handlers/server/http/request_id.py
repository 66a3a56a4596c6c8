"""The id of a request: the same in our log, in the proxy's log, and in that of the merchant's service."""

import re
from secrets import token_hex

from starlette.types import Message, Scope, Send

REQUEST_ID = "snap_token.request_id"
"""The key of the id in the scope."""

HEADER = b"x-request-id"

_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BYTES = 16


def identify(scope: Scope) -> str:
    """The id of a request, the same for each layer that asks.

    It is the X-Request-ID that the proxy sent: 1 to 64 letters, digits, `.`, `_` and `-`. If there is none of that
    form, or there are several, it is a new one: 32 hexadecimal digits.
    """
    if REQUEST_ID not in scope:
        scope[REQUEST_ID] = _sent(scope) or token_hex(_BYTES)
    request_id: str = scope[REQUEST_ID]
    return request_id


def with_request_id(send: Send, request_id: str) -> Send:
    """Put the id into an answer that another application makes."""

    async def identified(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, request_id.encode())]}
        await send(message)

    return identified


def is_request_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return _FORM.fullmatch(text) is not None


def _sent(scope: Scope) -> str | None:
    if HEADER not in dict(scope["headers"]):  # Nearly always.
        return None
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER]
    return sent[0] if len(sent) == 1 and is_request_id(sent[0]) else None
