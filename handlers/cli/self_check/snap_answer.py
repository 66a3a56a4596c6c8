"""What every answer of this server and of the shipped proxies has: a SNAP body, Jakarta time, and no caching."""

import re
from collections.abc import Iterator, Mapping

import httpx

from handlers.judge.json_body import lenient_members

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00")


def is_from_snap_server(response: httpx.Response) -> bool:
    """Whether this server sent the answer. Another program answers without SNAP's header and a JSON object."""
    return has_jakarta_time(response.headers) and bool(lenient_members(response.content))


def has_jakarta_time(headers: Mapping[str, str]) -> bool:
    """Whether X-TIMESTAMP is a time at +07:00, to the second (ASPI, Standar Teknis dan Keamanan 2.1.5.b)."""
    return bool(_TIME.fullmatch(headers.get("x-timestamp", "")))


def deviations(status: int, code: str, headers: Mapping[str, str]) -> Iterator[str]:
    """What a refusal lacks. Header names are in lower case."""
    if not re.fullmatch(rf"{status}\d{{4}}", code):
        yield "its body has no SNAP response code"
    if not has_jakarta_time(headers):
        yield "it has no X-TIMESTAMP at +07:00"
    if "no-store" not in headers.get("cache-control", ""):
        yield "it has no Cache-Control: no-store"
