"""Requests over the wire, each on a connection of its own: what one does to it must not colour the next answer."""

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from handlers.judge.exchange import Answer, Request
from handlers.judge.pace import Pace

LARGEST_ANSWER = 65_536
"""Bytes that are read of a body; a token answer has about 250."""

_TIMEOUT_SECONDS = 10
# A proxy of the environment is for other machines, not for this one.
_LOOPBACK = {"all://127.0.0.1": None, "all://[::1]": None, "all://localhost": None}
_CLOSED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_CHUNK = 20


class UnreachableError(Exception):
    """Nothing could be asked at all."""


def open_client(agent: str, trusted: ssl.SSLContext | None = None) -> httpx.Client:
    """A client that keeps no connection and follows no redirect. Without `trusted` it trusts what httpx trusts.

    Raises:
        ValueError, ImportError, OSError: a proxy or certificates in the environment that cannot be used.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    headers = {"User-Agent": agent}
    return httpx.Client(
        headers=headers, timeout=_TIMEOUT_SECONDS, mounts=_LOOPBACK, limits=limits, verify=trusted or True
    )


@dataclass(slots=True)
class Sender:
    """Sends to one URL."""

    client: httpx.Client
    url: httpx.URL
    now: Callable[[], datetime]
    pace: Pace
    _reached: bool = field(default=False, init=False)

    def send(self, request: Request) -> Answer:
        """One request and its answer, or why there is none.

        Raises:
            UnreachableError: no answer to the first request of all, so the URL is most likely wrong.
        """
        self.pace.wait()
        self.client.cookies.clear()
        try:
            answer = self._exchanged(request)
        except httpx.HTTPError as error:
            if not self._reached:
                raise UnreachableError(str(error) or type(error).__name__) from error
            return Answer(request, self.now(), failure=_why(error))
        self._reached = True
        return answer

    def _exchanged(self, request: Request) -> Answer:
        url = self.url.copy_with(path=self.url.path + request.suffix)
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
        content = _chunks(request.body) if request.chunked else request.body
        with self.client.stream(request.method, url, headers=headers, content=content) as response:
            pairs = tuple((name.lower(), value) for name, value in response.headers.multi_items())
            return Answer(request, self.now(), response.status_code, pairs, _beginning(response))


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]


def _beginning(response: httpx.Response) -> bytes:
    body = bytearray()
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    for part in response.iter_bytes():
        if time.monotonic() > deadline:  # Httpx's own time-outs are for each part.
            message = "the body did not end in time"
            raise httpx.ReadTimeout(message)
        body += part
        if len(body) >= LARGEST_ANSWER:
            break
    return bytes(body[:LARGEST_ANSWER])


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, _CLOSED):
        return "closed by the server"
    return "none in time" if isinstance(error, httpx.TimeoutException) else type(error).__name__
