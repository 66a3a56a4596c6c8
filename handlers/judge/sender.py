"""Sends requests over HTTP. Each one has its own connection, so that no request influences the next answer."""

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from handlers.judge.exchange import Answer, Request
from handlers.judge.throttle import Throttle

LARGEST_ANSWER = 65_536
"""Bytes of a body that are read. An answer with a token has about 250."""

_TIMEOUT_SECONDS = 10
# The proxy that environment variables name is not used for this machine.
_LOOPBACK = {"all://127.0.0.1": None, "all://[::1]": None, "all://localhost": None}
_CLOSED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_CHUNK = 20


class UnreachableError(Exception):
    """The server did not answer the first request."""


def open_client(agent: str, trusted: ssl.SSLContext | None = None) -> httpx.Client:
    """Return an HTTP client that keeps no connection open and follows no redirect.

    `agent` is the User-Agent. Without `trusted`, the client trusts the certificate authorities that httpx trusts.

    Raises:
        ValueError, ImportError, OSError: The environment names a proxy or certificates that cannot be used.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    headers = {"User-Agent": agent, "Accept-Encoding": "identity"}
    return httpx.Client(
        headers=headers, timeout=_TIMEOUT_SECONDS, mounts=_LOOPBACK, limits=limits, verify=trusted or True
    )


@dataclass(slots=True)
class Sender:
    """Sends requests to one URL."""

    client: httpx.Client
    url: httpx.URL
    now: Callable[[], datetime]
    throttle: Throttle
    _reached: bool = field(default=False, init=False)

    def send(self, request: Request) -> Answer:
        """Send one request, and return the answer or why there is none.

        Raises:
            UnreachableError: The server did not answer the first request, so the URL is probably wrong.
        """
        self.throttle.wait()
        self.client.cookies.clear()
        try:
            answer = self._exchange(request)
        except httpx.HTTPError as error:
            if not (self._reached or isinstance(error, httpx.DecodingError)):
                raise UnreachableError(str(error) or type(error).__name__) from error
            return Answer(request, self.now(), failure=_failure(error))
        self._reached = True
        return answer

    def _exchange(self, request: Request) -> Answer:
        # Without a suffix the path stays as it is written. Setting it would escape it anew.
        suffix = request.path_suffix
        url = self.url.copy_with(path=self.url.path + suffix) if suffix else self.url
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
        content = _chunks(request.body) if request.chunked else request.body
        with self.client.stream(request.method, url, headers=headers, content=content) as response:
            pairs = tuple((name.lower(), value) for name, value in response.headers.multi_items())
            return Answer(request, self.now(), response.status_code, pairs, _read_body(response))


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]


def _read_body(response: httpx.Response) -> bytes:
    body = bytearray()
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    for part in response.iter_bytes():
        if time.monotonic() > deadline:  # The timeout of httpx is for each part.
            message = "the body was not complete in time"
            raise httpx.ReadTimeout(message)
        body += part
        if len(body) >= LARGEST_ANSWER:
            break
    return bytes(body[:LARGEST_ANSWER])


def _failure(error: httpx.HTTPError) -> str:
    if isinstance(error, _CLOSED):
        return "closed by the server"
    if isinstance(error, httpx.DecodingError):
        return "the body does not have the Content-Encoding of its header"
    return "timed out" if isinstance(error, httpx.TimeoutException) else type(error).__name__
