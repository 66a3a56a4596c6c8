"""What a request says of its sender, as far as it is well-formed: for the log, and for X-CLIENT-KEY of the answer."""

import re
from datetime import datetime

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.observability.fields import LogFields
from handlers.snap.client import CLIENT_KEY
from handlers.snap.timestamp import skew

_OF_CALL = {
    "partner_id": b"x-partner-id",
    "external_id": b"x-external-id",
    "method": b"x-original-method",
    "path": b"x-original-uri",
}
_FORMS = {
    "partner_id": CLIENT_KEY,
    "external_id": re.compile(r"[!-~]{1,40}"),
    "method": re.compile(r"[A-Z]{1,16}"),
    "path": re.compile(r"/[!->@-~]{0,255}"),
}


def of_token_request(sent: RequestHeaders, now: datetime) -> LogFields:
    """X-CLIENT-KEY, and by how many seconds X-TIMESTAMP is ahead; None if absent, malformed, or sent twice."""
    client_key = _only(sent, b"x-client-key")
    return {
        "client_key": client_key if CLIENT_KEY.fullmatch(client_key) else None,
        "clock_skew_seconds": _seconds(_only(sent, b"x-timestamp"), now),
    }


def of_call(sent: RequestHeaders, now: datetime) -> LogFields:
    """Of a call with a token: whose it says it is, and which; what is absent, malformed or sent twice is not told."""
    told = {name: _only(sent, header) for name, header in _OF_CALL.items()}
    told["path"] = told["path"].partition("?")[0]
    known = {name: value for name, value in told.items() if _FORMS[name].fullmatch(value)}
    seconds = _seconds(_only(sent, b"x-timestamp"), now)
    return known if seconds is None else {**known, "clock_skew_seconds": seconds}


def _only(sent: RequestHeaders, name: bytes) -> str:
    return "" if name in sent.repeated else sent.get(name)


def _seconds(timestamp: str, now: datetime) -> float | None:
    """How far the caller's clock is ahead, in seconds; negative when it is behind."""
    try:
        return round(skew(timestamp, now).total_seconds(), 3)
    except ValueError:
        return None
