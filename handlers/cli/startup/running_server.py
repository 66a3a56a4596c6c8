"""What answers at the address of a listener: a server of ours, or something else.

It is a module of its own because its library is slow to import, and a start does not need it.
"""

import re
from collections.abc import Mapping

import httpx

from handlers.cli.local_listener import LocalListener
from handlers.config.listener import Listener
from handlers.escaping import escaped
from handlers.judge.json_body import lenient_members

UNKNOWN_PATH = "/snap-token-self-check"
"""A path that no listener and no proxy knows. The log shows it."""

LARGEST_ANSWER = 8 * 2**20
"""Bytes of an answer that are read."""

_NO_HEADERS: Mapping[str, str] = {}
_PATHS = {"server": UNKNOWN_PATH, "internal": "/livez"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00")
_TIMEOUT_SECONDS = 2.0


def ask_listener(table: Listener, name: str) -> httpx.Response | str:
    """The answer of what listens where this settings table says, or why there is none. `name` is that of the table."""
    return get(table, _PATHS[name])


def is_ours(answer: httpx.Response | str) -> bool:
    """Whether this server sent the answer. Another program answers without SNAP's header and a JSON object."""
    return not isinstance(answer, str) and has_jakarta_time(answer.headers) and bool(lenient_members(answer.content))


def has_jakarta_time(headers: Mapping[str, str]) -> bool:
    """Whether X-TIMESTAMP is a time at +07:00, to the second (ASPI, Standar Teknis dan Keamanan 2.1.5.b)."""
    return bool(_TIME.fullmatch(headers.get("x-timestamp", "")))


def get(table: Listener, path: str, headers: Mapping[str, str] = _NO_HEADERS) -> httpx.Response | str:
    """The answer to a GET, or why there is none."""
    listener = LocalListener(table.address, tls=table.tls is not None)
    transport = httpx.HTTPTransport(uds=listener.socket, verify=listener.verify)
    try:
        with (
            httpx.Client(
                base_url=listener.base_url, trust_env=False, timeout=_TIMEOUT_SECONDS, transport=transport
            ) as client,
            client.stream("GET", path, headers=headers) as answer,
        ):
            return _complete(answer)
    except (httpx.HTTPError, UnicodeError) as cause:
        return escaped(str(cause)) or type(cause).__name__


def _complete(answer: httpx.Response) -> httpx.Response | str:
    """The answer with its body. Any program may listen there, also one that sends without end."""
    body = bytearray()
    for part in answer.iter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            return f"its answer has more than {LARGEST_ANSWER:,} bytes"
    kept = {name: value for name, value in answer.headers.items() if name == "x-timestamp"}
    return httpx.Response(answer.status_code, headers=kept, content=bytes(body))
