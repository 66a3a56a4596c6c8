"""Stores refused requests in a folder, so that an operator can find out why: `[debug] capture_dir`, off by default.

A file contains a token and a signature, so only its owner can access it. While the server receives requests, it deletes
each file after at most 25 hours. For a call that a proxy asks about, it stores the request of the proxy, with the
secret of the proxy masked.
"""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers import __version__
from handlers.config.capture_folder import FILE_STEM, capture_file
from handlers.server.http import limits
from handlers.server.http.client_address import CALLER
from handlers.server.http.request_id import identify
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.observability.rate_limit import RateLimit

MOST_FILES = 200
"""Maximum number of files in the folder. The oldest files are deleted first."""

MAX_AGE = timedelta(days=1)
SWEEP_EVERY = timedelta(hours=1)
MOST_A_SECOND = 10
"""Maximum number of requests per second that can be captured."""

_FIRST_ERROR_STATUS = 400
_REQUEST_TIMEOUT = 408
_SNAP_HEADERS = frozenset({b"x-signature", b"x-timestamp", b"x-client-key", b"x-partner-id"})
_PROXY_SECRET = b"x-internal-authorization"

CaptureFilter = Callable[[Scope], bool]
"""Whether to store a request if it is refused."""


def at_path(path: str) -> CaptureFilter:
    """A filter for requests to this path."""
    return lambda scope: scope["path"] == path


def at_path_or_signed(path: str) -> CaptureFilter:
    """A filter for requests to this path, or with a SNAP header. Requests of scanners have no SNAP header."""
    return lambda scope: scope["path"] == path or not _SNAP_HEADERS.isdisjoint(name for name, _ in scope["headers"])


class _Exchange:
    """One request and its answer: records the body while the application reads it, and the status."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.body = bytearray()
        self.status = 0
        self._receive = receive
        self._send = send
        self._more_body = True
        self._is_answer_open = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.body += message.get("body", b"")
        self._more_body = bool(message.get("more_body", False))
        return message

    async def send(self, message: Message) -> None:
        """Send a message. Leave the answer open after an early refusal, so that `end` can read the rest of the body."""
        self.status = message.get("status", self.status)
        ends = message["type"] == "http.response.body" and not message.get("more_body", False)
        # After 408 there is nothing to wait for: the deadline of the body has passed.
        self._is_answer_open = ends and self._more_body and self.refused and self.status != _REQUEST_TIMEOUT
        await self._send({**message, "more_body": True} if self._is_answer_open else message)

    @property
    def refused(self) -> bool:
        return self.status >= _FIRST_ERROR_STATUS

    async def end(self, largest: int) -> None:
        """Read the rest of the body within the usual limits of time and size. Then end the answer."""
        if self._is_answer_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(limits.BODY_SECONDS):
                    while self._more_body and len(self.body) <= largest:
                        await self.receive()
            await self._send({"type": "http.response.body"})


class CaptureMiddleware:
    """ASGI middleware that stores refused requests. The file name contains the request ID, which the log has too."""

    def __init__(
        self,
        app: ASGIApp,
        folder: Path,
        now: Callable[[], datetime],
        should_store: CaptureFilter,
        largest: int = limits.LARGEST_BODY,
    ) -> None:
        """`should_store` selects requests. `largest` is the maximum size of a stored body, in bytes."""
        self._app = app
        self._folder = folder
        self._now = now
        self._should_store = should_store
        self._largest = largest
        self._rate = RateLimit(MOST_A_SECOND)
        self._log = structlog.get_logger().bind()
        self._swept = now()
        self._sweep(self._swept)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. Store it after the answer if it was refused."""
        at = self._now()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._should_store(scope) and self._rate.allows(at):
            await self._capture(scope, _Exchange(receive, send), at)
        else:
            await self._app(scope, receive, send)

    async def _capture(self, scope: Scope, exchange: _Exchange, at: datetime) -> None:
        request_id = identify(scope)
        await self._app(scope, exchange.receive, exchange.send)
        await exchange.end(self._largest)
        if exchange.refused:
            await asyncio.to_thread(self._store, request_id, _har(scope, exchange, at), at)
            return
        self._rate.give_back(at)
        if at - self._swept >= SWEEP_EVERY:
            await asyncio.to_thread(self._sweep, at)

    def _store(self, request_id: str, content: bytes, at: datetime) -> None:
        file = capture_file(self._folder, request_id)
        try:
            _write(file, content)
        except FileExistsError:
            # A caller can choose the request ID, but must not overwrite the file of another request.
            self._log.error("capture.failed", request_id=request_id, cause="a request with this ID is already stored")
        except OSError as error:
            self._log.error("capture.failed", cause=error.strerror)
            with suppress(OSError):
                file.unlink()  # A partly written file is useless.
        self._sweep(at)

    def _sweep(self, at: datetime) -> None:
        """Delete files that are too old, and the oldest files if there are too many. Files with other names stay."""
        self._swept = at
        try:
            files = sorted(filter(_is_capture, self._folder.iterdir()), key=_modified_at, reverse=True)
            old = [file for file in files if _modified_at(file) < (at - MAX_AGE).timestamp()]
            for file in {*files[MOST_FILES:], *old}:
                file.unlink(missing_ok=True)
        except OSError as error:
            self._log.error("capture.failed", cause=error.strerror)


def _write(file: Path, content: bytes) -> None:
    """Write a new file that only its owner can access.

    Raises:
        OSError: The file cannot be written. FileExistsError if the path exists, also as a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(file, "xb", opener=lambda name, _: os.open(name, flags, 0o600)) as opened:
        opened.write(content)


def _is_capture(file: Path) -> bool:
    return file.suffix == ".har" and FILE_STEM.fullmatch(file.stem) is not None


def _modified_at(file: Path) -> float:
    """When the file was written, as a Unix timestamp. 0 if another process deleted it."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _har(scope: Scope, exchange: _Exchange, at: datetime) -> bytes:
    """The request as one entry of an HTTP Archive (HAR) 1.2."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    headers = [
        {"name": name.decode("latin-1"), "value": _mask_proxy_secret(name, value.decode("latin-1"))}
        for name, value in scope["headers"]
    ]
    request = {
        "method": scope["method"],
        "url": (scope["raw_path"] + query).decode("latin-1"),
        "httpVersion": f"HTTP/{scope['http_version']}",
        "headers": headers,
        "postData": _body(bytes(exchange.body)),
    }
    caller = scope.get(CALLER)
    entry = {
        "startedDateTime": at.isoformat(),
        "request": request,
        "response": {"status": exchange.status},
        "_callerAddress": str(caller) if caller else None,
    }
    creator = {"name": "snap-token", "version": __version__}
    return orjson.dumps({"log": {"version": "1.2", "creator": creator, "entries": [entry]}})


def _mask_proxy_secret(name: bytes, value: str) -> str:
    return SECRET_MASKER.mask(value) if name == _PROXY_SECRET else value


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"mimeType": "", "text": body.decode()}
    except UnicodeDecodeError:
        return {"mimeType": "", "text": b64encode(body).decode(), "_encoding": "base64"}
