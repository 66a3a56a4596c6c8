"""What every answer of this server and of the shipped proxies has: a SNAP body, Jakarta time, and no caching."""

import re
from collections.abc import Iterator, Mapping

from handlers.cli.startup.running_server import has_jakarta_time


def deviations(status: int, code: str, headers: Mapping[str, str]) -> Iterator[str]:
    """What a refusal lacks. Header names are in lower case."""
    if not re.fullmatch(rf"{status}\d{{4}}", code):
        yield "its body has no SNAP response code"
    if not has_jakarta_time(headers):
        yield "it has no X-TIMESTAMP at +07:00"
    if "no-store" not in headers.get("cache-control", ""):
        yield "it has no Cache-Control: no-store"
