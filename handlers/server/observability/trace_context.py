"""The trace to which a request belongs, for the log (W3C Trace Context, level 1)."""

import re

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.fields import LogFields

HEADER = b"traceparent"

_FORMAT = re.compile(
    rb"(?!ff|00.{54})[0-9a-f]{2}"  # Version 00 has exactly 55 characters. A later version may have more parts.
    rb"-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)
_NO_FIELDS: LogFields = {}


def trace_fields(headers: RequestHeaders) -> LogFields:
    """The ID of the trace (32 hexadecimal digits) and of the caller's span (16), from the header traceparent.

    Empty if the header is absent, repeated or malformed. Then nothing of it is logged (Trace Context, section 4.3:
    a receiver that cannot parse traceparent must not use it).
    """
    traceparent = headers.values.get(HEADER)
    if traceparent is None or HEADER in headers.repeated:
        return _NO_FIELDS
    matched = _FORMAT.fullmatch(traceparent)
    return {"trace_id": matched[1].decode(), "span_id": matched[2].decode()} if matched else _NO_FIELDS
