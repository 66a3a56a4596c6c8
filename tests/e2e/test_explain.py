"""`snap-token explain` as a process: any input ends within the limits of time and memory, without a traceback."""

import json
import resource
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from handlers.cli.captured.capture_file import LARGEST_CAPTURE
from tests.e2e.process import COMMAND, PATIENCE, environment, run
from tests.mistakes import World, symmetric

MOST_MEMORY = 500_000_000
"""The limit of the process's data segment in bytes."""

HEAD = b"POST /api/v1.0/access-token/b2b HTTP/1.1\r\nHost: a\r\n"
ENTRY = b'{"startedDateTime":"2026-01-22T12:00:05+07:00","request":{"method":"GET","url":"/","headers":[]}}'


def _filled(start: bytes, part: bytes, end: bytes = b"") -> bytes:
    """The largest allowed file of repeated parts, less some bytes for a HAR file around them."""
    return start + part * ((LARGEST_CAPTURE - len(start) - len(end) - 300) // len(part)) + end


def _har(entries: bytes) -> bytes:
    return b'{"log":{"entries":[%b]}}' % entries


def _unexplained_calls(world: World) -> bytes:
    """A HAR file of a hundred symmetric calls whose signature no candidate matches."""
    request = symmetric(world, secret=b"a secret that nobody knows")
    entry = {
        "startedDateTime": "2026-01-22T12:00:05+07:00",
        "request": {
            "method": request.method,
            "url": request.target,
            "headers": [{"name": name, "value": value} for name, value in request.headers],
            "postData": {"text": request.body.decode()},
        },
    }
    return json.dumps({"log": {"entries": [entry] * 100}}).encode()


def _archive(number: int) -> bytes:
    """An archive of Fiddler with many sessions."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for each in range(number):
            archive.writestr(f"raw/{each}_c.txt", "GET / HTTP/1.1\n\n")
    return content.getvalue()


HOSTILE: dict[str, tuple[int, Callable[[World], bytes]]] = {
    "chunks of one byte": (
        1,
        lambda _: _filled(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", b"0\r\n\r\n"),
    ),
    "backslashes": (2, lambda _: _filled(b"curl h ", b"\\")),
    "dollars": (2, lambda _: _filled(b"curl h ", b"$")),
    "headers of a command": (2, lambda _: _filled(b"curl h ", b"-H 'a: b' ")),
    "lines of a head": (2, lambda _: _filled(HEAD, b"a:\n")),
    "a long header": (1, lambda _: _filled(HEAD + b"X-SIGNATURE: ", b"QUJD", b"\r\n\r\n")),
    "a body of short words": (1, lambda _: _filled(HEAD + b"\r\n", b"aa ")),
    "malformed entries": (2, lambda _: _har(_filled(b"0", b",0"))),
    "many entries": (1, lambda _: _har(_filled(ENTRY, b"," + ENTRY))),
    "calls that match no candidate": (1, _unexplained_calls),
    "quoted lines": (1, lambda _: _filled(b"> POST / HTTP/1.1\n", b">\n")),
    "an endless blank": (2, lambda _: _filled(b"", b" ")),
    "prompts of a shell": (2, lambda _: _filled(b"", b"a@b:~$ \n")),
    "blocks without end": (2, lambda _: _filled(b"", b"```a\n")),
    "items of a collection": (2, lambda _: _filled(b'{"info":{},"item":[{}', b",{}", b"]}")),
    "variables of a collection": (
        2,
        lambda _: b'{"info":{},"item":[{"request":{"body":{"raw":"%b"}}}]}' % (b"{{a}}" * 400_000),
    ),
    "sessions of Fiddler": (1, lambda _: _archive(4_096)),
    "too many sessions of Fiddler": (2, lambda _: _archive(20_000)),
    "UTF-16": (2, lambda _: _filled(b"\xff\xfe", b"\x00\xd8")),
    "a byte too many": (2, lambda _: b"a" * (LARGEST_CAPTURE + 1)),
}


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


@pytest.mark.parametrize(("status", "content"), HOSTILE.values(), ids=HOSTILE)
def test_explain_stays_within_its_limits(
    status: int, content: Callable[[World], bytes], world: World, config: Path, tmp_path: Path
) -> None:
    """`explain` needs at most 500 MB for any file, and an error is one line and never a traceback."""
    file = tmp_path / "request"
    file.write_bytes(content(world))
    ended = subprocess.run(
        [COMMAND, "explain", "--config", config, file],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        preexec_fn=_limit_memory,
    )
    # On a busy machine, the time limit of `explain` may end it before it has a verdict.
    assert ended.returncode == (2 if "10 seconds is over" in ended.stderr else status), ended.stderr
    if ended.returncode == 2:
        assert (ended.stdout, ended.stderr.count("\n"), ended.stderr[:12]) == ("", 1, "snap-token: ")


@pytest.mark.parametrize("file", ["/", "/dev/zero", "a\nb"])
def test_an_unreadable_file_is_an_error_in_one_line(file: str, config: Path) -> None:
    """A folder, a device and an absent file are each an error in one line with exit status 2."""
    ended = run(COMMAND, "explain", "--config", config, file)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
