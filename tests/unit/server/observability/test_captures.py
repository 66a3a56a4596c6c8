"""Storing refused requests."""

import asyncio
import io
import json
import os
from datetime import timedelta
from errno import ENOSPC
from ipaddress import ip_address
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.cli.captured.har import from_har
from handlers.config.capture_folder import capture_file, require_folder
from handlers.doctor.request import Request
from handlers.server.http import limits
from handlers.server.http.client_address import CALLER
from handlers.server.http.request_id import identify
from handlers.server.observability import captures
from handlers.server.observability.captures import (
    MAX_AGE,
    MOST_A_SECOND,
    MOST_FILES,
    SWEEP_EVERY,
    CaptureMiddleware,
    at_path,
    at_path_or_signed,
)
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.snap.masking import SecretMasker
from handlers.snap.networks import Address
from tests.merchant import Clock

KEEPS = at_path("/a")
HEADERS = [(b"host", b"a"), (b"x-signature", b"QUJD"), (b"x-signature", b"\xff")]


def _answering(status: int, *, reads: bool = True) -> ASGIApp:
    """An application that reads the body or not, and answers with this status and the request's id."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while reads and (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body", "body": identify(scope).encode()})

    return app


def _capture(app: CaptureMiddleware, *chunks: bytes, ends: bool = True, scope: dict[str, Any] | None = None) -> str:
    """Send a request with these chunks. Return the request ID that the application saw."""
    coming = list(chunks)
    answered: list[Message] = []

    async def receive() -> Message:
        if not coming:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming) or not ends}

    async def send(message: Message) -> None:
        answered.append(message)

    whole: dict[str, Any] = {"type": "http", "method": "POST", "path": "/a", "raw_path": b"/a", "query_string": b"b=c"}
    whole |= {"http_version": "1.1", "headers": HEADERS, **(scope or {})}
    asyncio.run(app(whole, receive, send))
    return b"".join(each.get("body", b"") for each in answered).decode()


@pytest.mark.parametrize("reads", [True, False], ids=["body read", "body not read"])
@pytest.mark.parametrize("body", [b'{"a":1}', b"\xff\x00"], ids=["text", "bytes"])
def test_a_refused_request_is_stored_completely(tmp_path: Path, body: bytes, *, reads: bool) -> None:
    """All headers and the body are stored with mode 0600, also if the refusal came before the body was read."""
    clock = Clock()
    request_id = _capture(CaptureMiddleware(_answering(401, reads=reads), tmp_path, clock, KEEPS), body[:1], body[1:])
    (file,) = tmp_path.iterdir()
    assert (file.name, S_IMODE(file.stat().st_mode)) == (f"{request_id}.har", 0o600)
    (captured,) = from_har(file.read_bytes())
    assert captured.at == clock.now
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in HEADERS)
    assert captured.request == Request("POST", "/a?b=c", headers, body)


@pytest.mark.parametrize("caller", [ip_address("203.0.113.7"), ip_address("2001:db8::7"), None])
def test_the_address_of_the_caller_is_stored(tmp_path: Path, caller: Address | None) -> None:
    """The file has the address for decisions, which `explain` reads. An unknown address is not in the file."""
    _capture(CaptureMiddleware(_answering(401), tmp_path, Clock(), KEEPS), b"", scope={CALLER: caller})
    (captured,) = from_har(next(tmp_path.iterdir()).read_bytes())
    assert captured.request.caller == caller


def test_the_proxy_request_of_a_call_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has the status of the answer, and the secret of the proxy is masked."""
    asked = [
        (b"x-original-method", b"PUT"),
        (b"x-original-uri", b"/call?x=1"),
        (b"x-internal-authorization", b"Bearer 0123456789abcdef"),
    ]
    monkeypatch.setattr(SECRET_MASKER, "_masker", SecretMasker([("internal secret", b"0123456789abcdef")]))
    _capture(CaptureMiddleware(_answering(403), tmp_path, Clock(), KEEPS), b"", scope={"headers": [*HEADERS, *asked]})
    (captured,) = from_har(next(tmp_path.iterdir()).read_bytes())
    assert (captured.request.method, captured.request.target, captured.status) == ("POST", "/a?b=c", 403)
    assert captured.request.headers[-1] == ("x-internal-authorization", "Bearer ***[internal secret]")
    assert captured.request.get("x-original-uri") == "/call?x=1"


@pytest.mark.parametrize(
    ("status", "scope"),
    [(200, {}), (401, {"path": "/b"}), (401, {"type": "lifespan"})],
    ids=["genuine", "path", "type"],
)
def test_other_requests_are_not_stored(tmp_path: Path, status: int, scope: dict[str, Any]) -> None:
    """Successful requests and requests to other paths leave no file."""
    _capture(CaptureMiddleware(_answering(status), tmp_path, Clock(), KEEPS), b"", scope=scope)
    assert not list(tmp_path.iterdir())


def test_an_endless_body_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is read within the usual limits of time and size, and its beginning is stored."""
    app = CaptureMiddleware(_answering(401, reads=False), tmp_path, Clock(), KEEPS, 4)
    _capture(app, b"12", b"345", b"678")
    monkeypatch.setattr(limits, "BODY_SECONDS", 0)
    _capture(app, b"12", ends=False)
    bodies = [from_har(file.read_bytes())[0].request.body for file in tmp_path.iterdir()]
    assert sorted(bodies) == [b"12", b"12345"]


def test_files_are_limited_in_number_and_age(tmp_path: Path) -> None:
    """At most 200 files, for one day. The oldest are deleted first, and other files stay."""
    assert (200, timedelta(days=1)) == (MOST_FILES, MAX_AGE)
    clock = Clock()
    for place in range(MOST_FILES + 5):
        file = capture_file(tmp_path, f"{place:032x}")
        file.touch()
        at = clock.now.timestamp() - (90_000 if place < 3 else 100 - place / 10)
        os.utime(file, (at, at))
    gone = capture_file(tmp_path, "f" * 32)
    gone.symlink_to(tmp_path / "nowhere")
    others = {"note.txt", "mine.har"}
    for name in others:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    request_id = _capture(CaptureMiddleware(_answering(401), tmp_path, clock, KEEPS), b"")
    left = {file.name for file in tmp_path.iterdir()}
    assert len(left) == MOST_FILES + len(others)
    assert {*others, f"{request_id}.har", f"{204:032x}.har"} <= left
    assert not {f"{0:032x}.har", f"{2:032x}.har", f"{3:032x}.har", gone.name} & left


def test_old_files_are_deleted_without_a_refusal(tmp_path: Path) -> None:
    """Old files are deleted at start, and every hour with the next request."""
    clock = Clock()

    def leave_old() -> None:
        capture_file(tmp_path, "0" * 32).touch()
        os.utime(capture_file(tmp_path, "0" * 32), (0, 0))

    leave_old()
    app = CaptureMiddleware(_answering(200), tmp_path, clock, KEEPS)
    assert not list(tmp_path.iterdir())
    leave_old()
    _capture(app, b"")
    assert list(tmp_path.iterdir())
    clock.now += SWEEP_EVERY
    _capture(app, b"")
    assert not list(tmp_path.iterdir())


def test_captures_are_limited_in_rate(tmp_path: Path) -> None:
    """At most ten requests per second are stored."""
    app = CaptureMiddleware(_answering(401), tmp_path, Clock(), KEEPS)
    for _ in range(MOST_A_SECOND + 2):
        _capture(app, b"")
    assert MOST_A_SECOND == 10
    assert len(list(tmp_path.iterdir())) == 10


def test_successful_requests_do_not_count_for_the_rate(tmp_path: Path) -> None:
    """A refusal among many successful requests is stored."""
    statuses = [200] * (MOST_A_SECOND + 2) + [401]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await _answering(statuses.pop(0))(scope, receive, send)

    captured = CaptureMiddleware(app, tmp_path, Clock(), KEEPS)
    while statuses:
        _capture(captured, b"")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_stored_request_is_found_by_its_id(tmp_path: Path) -> None:
    """The files have the request IDs that the application saw."""
    app = CaptureMiddleware(_answering(401), tmp_path, Clock(), KEEPS)
    _capture(app, b"", scope={"path": "/b"})
    ids = [_capture(app, b"") for _ in range(MOST_A_SECOND + 1)]
    assert {capture_file(tmp_path, each) for each in ids[:-1]} == set(tmp_path.iterdir())


@pytest.mark.parametrize("sent", ["0f" * 16, "0F" * 16, "6f1f42f2-6bd7-4c2c-a9f1-0a4a9e6c3c9b", "a", ".", "..", "-h"])
def test_an_id_from_the_proxy_names_a_file_in_the_folder(tmp_path: Path, sent: str) -> None:
    """For any valid ID, the file is in the folder, is found by the ID, and is deleted when it is old."""
    clock = Clock()
    app = CaptureMiddleware(_answering(401), tmp_path, clock, KEEPS)
    assert _capture(app, b"", scope={"headers": [*HEADERS, (b"x-request-id", sent.encode())]}) == sent
    (file,) = tmp_path.iterdir()
    assert file == capture_file(tmp_path, sent)
    os.utime(file, (0, 0))
    clock.now += SWEEP_EVERY
    _capture(app, b"")
    assert not file.exists()


def test_a_repeated_id_keeps_the_first_file(tmp_path: Path, log: io.StringIO) -> None:
    """A caller who chooses the ID cannot overwrite a stored request, and the log reports it."""
    app = CaptureMiddleware(_answering(401), tmp_path, Clock(), KEEPS)
    scope = {"headers": [*HEADERS, (b"x-request-id", b"chosen")]}
    _capture(app, b"first", scope=scope)
    _capture(app, b"second", scope=scope)
    (kept,) = tmp_path.iterdir()
    assert from_har(kept.read_bytes())[0].request.body == b"first"
    line = json.loads(log.getvalue())
    assert (line["event"], line["request_id"]) == ("capture.failed", "chosen")
    assert line["cause"] == "a request with this ID is already stored"


@pytest.mark.parametrize(
    ("path", "headers", "kept"),
    [
        ("/token", [], True),
        ("/wrong", [(b"x-client-key", b"A")], True),
        ("/wp-login.php", [(b"host", b"a"), (b"cookie", b"b")], False),
    ],
)
def test_requests_of_scanners_are_not_stored(path: str, headers: list[tuple[bytes, bytes]], *, kept: bool) -> None:
    """On other paths, only requests with a SNAP header are stored."""
    assert at_path_or_signed("/token")({"path": path, "headers": headers}) is kept


@pytest.mark.parametrize("status", [200, 401, 408])
@pytest.mark.parametrize("reads", [True, False], ids=["body read", "body not read"])
def test_no_answer_waits_for_a_body(tmp_path: Path, status: int, *, reads: bool) -> None:
    """The complete answer is sent before the rest of the body is read, and ends only once."""
    seen: list[str] = []

    async def receive() -> Message:
        seen.append("read")
        return {"type": "http.request", "body": b"12"}

    async def send(message: Message) -> None:
        seen.append("open" if message.get("more_body") else message["type"].rpartition(".")[2])

    scope = {"type": "http", "method": "POST", "path": "/a", "raw_path": b"/a", "query_string": b"", "headers": []}
    app = CaptureMiddleware(_answering(status, reads=reads), tmp_path, Clock(), KEEPS)
    asyncio.run(app({**scope, "http_version": "1.1"}, receive, send))
    late = status == 401 and not reads
    assert seen == [*["read"] * reads, "start", *(["open", "read"] if late else []), "body"]


def test_a_full_disk_costs_no_answer(tmp_path: Path, log: io.StringIO) -> None:
    """A request that cannot be stored is logged, and is still answered."""
    assert _capture(CaptureMiddleware(_answering(401), tmp_path / "nowhere", Clock(), KEEPS), b"")
    lines = [json.loads(each) for each in log.getvalue().splitlines()]
    assert {(line["event"], line["cause"]) for line in lines} == {("capture.failed", "No such file or directory")}


def test_a_partly_written_file_is_deleted(tmp_path: Path, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partly written file and old files are deleted to free space."""
    app = CaptureMiddleware(_answering(401), tmp_path, Clock(), KEEPS)
    capture_file(tmp_path, "0" * 32).touch()
    os.utime(capture_file(tmp_path, "0" * 32), (0, 0))

    def half(file: Path, content: bytes) -> None:
        file.write_bytes(content[:10])
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(captures, "_write", half)
    assert _capture(app, b"")
    assert json.loads(log.getvalue())["cause"] == "No space left on device"
    assert not list(tmp_path.iterdir())


def test_a_slow_sender_is_not_waited_for_twice(tmp_path: Path) -> None:
    """After 408 the rest of the body is not awaited, and the received part is stored."""
    app = CaptureMiddleware(_answering(408, reads=False), tmp_path, Clock(), KEEPS)
    _capture(app, b"12", ends=False)
    assert from_har(next(tmp_path.iterdir()).read_bytes())[0].request.body == b""


def test_a_folder_that_others_can_write_into_is_refused(tmp_path: Path) -> None:
    """A folder that others can write to, and a path that is no folder, are refused with a command to run."""
    tmp_path.chmod(0o755)
    require_folder(tmp_path)
    for mode, folder in ((0o777, tmp_path), (0o755, tmp_path / "nowhere")):
        tmp_path.chmod(mode)
        with pytest.raises(ValueError, match=f"run: (mkdir -m|chmod) 700 {folder}"):
            require_folder(folder)
