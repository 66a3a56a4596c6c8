"""The well-formed values in a request about its sender, for the log and for X-CLIENT-KEY in the answer."""

import re
from datetime import datetime

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.fields import LogFields
from handlers.snap.client import CLIENT_KEY
from handlers.snap.timestamp import skew

_CALL_HEADERS = {
    "partner_id": b"x-partner-id",
    "external_id": b"x-external-id",
    "method": b"x-original-method",
    "path": b"x-original-uri",
}
_FORMATS = {
    "partner_id": CLIENT_KEY,
    "external_id": re.compile(r"[!-~]{1,40}"),
    "method": re.compile(r"[A-Z]{1,16}"),
    "path": re.compile(r"/[!->@-~]{0,255}"),
}


def of_token_request(headers: RequestHeaders, now: datetime) -> LogFields:
    """X-CLIENT-KEY, and the clock skew of X-TIMESTAMP. A value that is absent, malformed or repeated is None."""
    client_key = _single(headers, b"x-client-key")
    return {
        "client_key": client_key if CLIENT_KEY.fullmatch(client_key) else None,
        "clock_skew_seconds": _skew_seconds(_single(headers, b"x-timestamp"), now),
    }


def of_call(headers: RequestHeaders, now: datetime) -> LogFields:
    """The sender, the method and the path of a call with a token, and its clock skew.

    A value that is absent, malformed or repeated is left out.
    """
    values = {name: _single(headers, header) for name, header in _CALL_HEADERS.items()}
    values["path"] = values["path"].partition("?")[0]
    fields = {name: value for name, value in values.items() if _FORMATS[name].fullmatch(value)}
    seconds = _skew_seconds(_single(headers, b"x-timestamp"), now)
    return fields if seconds is None else {**fields, "clock_skew_seconds": seconds}


def _single(headers: RequestHeaders, name: bytes) -> str:
    return "" if name in headers.repeated else headers.get(name)


def _skew_seconds(timestamp: str, now: datetime) -> float | None:
    """The clock skew in seconds. Positive means that the caller's clock is ahead of ours."""
    try:
        return round(skew(timestamp, now).total_seconds(), 3)
    except ValueError:
        return None
