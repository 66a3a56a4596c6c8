"""Refused requests, kept whole in a folder, for whoever has to find out why: `[debug] capture_dir`, off by default.

A file holds a token and a signature: it is its owner's alone, and is gone after a day and an hour at the most, as long
as a server runs that is asked something. Of a call that a proxy asks about, the question is kept, and in it the proxy's
secret is masked.
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
from handlers.server.http.request_id import identify
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.observability.rate_limit import RateLimit

MOST_FILES = 200
LONGEST = timedelta(days=1)
SWEEP_EVERY = timedelta(hours=1)
MOST_A_SECOND = 10

_REFUSED = 400
_TOO_SLOW = 408
_OF_SNAP = frozenset({b"x-signature", b"x-timestamp", b"x-client-key", b"x-partner-id"})
_PROXY_SECRET = b"x-internal-authorization"


CaptureFilter = Callable[[Scope], bool]
"""Whether a request, if it is refused, is one to keep."""


def at_path(path: str) -> CaptureFilter:
    """What is asked at this path."""
    return lambda scope: scope["path"] == path


def at_path_or_signed(path: str) -> CaptureFilter:
    """What is asked at this path and, of others, what has one of SNAP's headers: what scanners ask has none."""
    return lambda scope: scope["path"] == path or not _OF_SNAP.isdisjoint(name for name, _ in scope["headers"])


class _Kept:
    """One request under way: its body as it is read, and the status of its answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.body = bytearray()
        self.status = 0
        self._receive = receive
        self._send = send
        self._more = True
        self._is_open = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.body += message.get("body", b"")
        self._more = bool(message.get("more_body", False))
        return message

    async def send(self, message: Message) -> None:
        """What was refused by its headers has its body still to come: its answer is sent whole, and left open."""
        self.status = message.get("status", self.status)
        ends = message["type"] == "http.response.body" and not message.get("more_body", False)
        # Whoever was too slow has been waited for.
        self._is_open = ends and self._more and self.refused and self.status != _TOO_SLOW
        await self._send({**message, "more_body": True} if self._is_open else message)

    @property
    def refused(self) -> bool:
        return self.status >= _REFUSED

    async def end(self, largest: int) -> None:
        """Read the rest of the body, not longer, nor more, than of any other, and then end the answer."""
        if self._is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(limits.BODY_SECONDS):
                    while self._more and len(self.body) <= largest:
                        await self.receive()
            await self._send({"type": "http.response.body"})


class CaptureMiddleware:
    """A layer around an application that keeps what it refuses, under the request id that the log names."""

    def __init__(
        self,
        app: ASGIApp,
        folder: Path,
        now: Callable[[], datetime],
        keeps: CaptureFilter,
        largest: int = limits.LARGEST_BODY,
    ) -> None:
        """Of a body, so many bytes are kept."""
        self._app = app
        self._folder = folder
        self._now = now
        self._keeps = keeps
        self._largest = largest
        self._rate = RateLimit(MOST_A_SECOND)
        self._log = structlog.get_logger().bind()
        self._swept = now()
        self._sweep(self._swept)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; keep it, once it is answered, if it was refused."""
        at = self._now()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._keeps(scope) and self._rate.allows(at):
            await self._watched(scope, _Kept(receive, send), at)
        else:
            await self._app(scope, receive, send)

    async def _watched(self, scope: Scope, kept: _Kept, at: datetime) -> None:
        request_id = identify(scope)
        await self._app(scope, kept.receive, kept.send)
        await kept.end(self._largest)
        if kept.refused:
            await asyncio.to_thread(self._keep, request_id, _har(scope, kept, at), at)
            return
        self._rate.give_back(at)
        if at - self._swept >= SWEEP_EVERY:
            await asyncio.to_thread(self._sweep, at)

    def _keep(self, request_id: str, content: bytes, at: datetime) -> None:
        file = capture_file(self._folder, request_id)
        try:
            _write(file, content)
        except FileExistsError:
            # A caller who chooses the id must not overwrite another's request.
            self._log.error("capture.failed", request_id=request_id, cause="a request of this id is kept already")
        except OSError as error:
            self._log.error("capture.failed", cause=error.strerror)
            with suppress(OSError):
                file.unlink()  # What fits of it is of no use, and in the way.
        self._sweep(at)

    def _sweep(self, at: datetime) -> None:
        """The oldest go when there are too many, and whatever is too old; files of other names are not ours."""
        self._swept = at
        try:
            files = sorted(filter(_is_ours, self._folder.iterdir()), key=_age, reverse=True)
            old = [file for file in files if _age(file) < (at - LONGEST).timestamp()]
            for file in {*files[MOST_FILES:], *old}:
                file.unlink(missing_ok=True)
        except OSError as error:
            self._log.error("capture.failed", cause=error.strerror)


def _write(file: Path, content: bytes) -> None:
    """A new file, its owner's alone; an OSError for one that is there, be it a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(file, "xb", opener=lambda name, _: os.open(name, flags, 0o600)) as opened:
        opened.write(content)


def _is_ours(file: Path) -> bool:
    return file.suffix == ".har" and FILE_STEM.fullmatch(file.stem) is not None


def _age(file: Path) -> float:
    """When it was written; another process may have taken it away."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _har(scope: Scope, kept: _Kept, at: datetime) -> bytes:
    """One entry of HTTP Archive 1.2."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    headers = [
        {"name": name.decode("latin-1"), "value": _shown(name, value.decode("latin-1"))}
        for name, value in scope["headers"]
    ]
    request = {
        "method": scope["method"],
        "url": (scope["raw_path"] + query).decode("latin-1"),
        "httpVersion": f"HTTP/{scope['http_version']}",
        "headers": headers,
        "postData": _body(bytes(kept.body)),
    }
    entry = {"startedDateTime": at.isoformat(), "request": request, "response": {"status": kept.status}}
    creator = {"name": "snap-token", "version": __version__}
    return orjson.dumps({"log": {"version": "1.2", "creator": creator, "entries": [entry]}})


def _shown(name: bytes, value: str) -> str:
    return SECRET_MASKER.masked(value) if name == _PROXY_SECRET else value


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"mimeType": "", "text": body.decode()}
    except UnicodeDecodeError:
        return {"mimeType": "", "text": b64encode(body).decode(), "_encoding": "base64"}
