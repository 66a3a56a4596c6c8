"""`snap-token explain` as a process: whatever it reads, it ends in time, in its memory, and without a traceback."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.cli.captured.capture_file import LARGEST_CAPTURE
from tests.e2e.process import environment, run
from tests.mistakes import World, symmetric, write_world

COMMAND = Path(sys.executable).with_name("snap-token")
MOST_MEMORY = 500_000_000
"""Bytes, of addresses even: more cannot be had."""

PATIENCE = 60
"""Seconds; the command ends itself after 10, and a busy machine is slow to start it."""

HEAD = b"POST /api/v1.0/access-token/b2b HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
ENTRY = b'{"startedDateTime":"2026-01-22T12:00:05+07:00","request":{"method":"GET","url":"/","headers":[]}}'


def _filled(start: bytes, part: bytes, end: bytes = b"") -> bytes:
    """As many parts as there is room for, and for a HAR file around them."""
    return start + part * ((LARGEST_CAPTURE - len(start) - len(end) - 300) // len(part)) + end


def _har(entries: bytes) -> bytes:
    return b'{"log":{"entries":[%b]}}' % entries


def _unfit(world: World) -> bytes:
    """A HAR file of a hundred symmetric calls that nothing fits."""
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
    "entries that are none": (2, lambda _: _har(_filled(b"0", b",0"))),
    "many entries": (1, lambda _: _har(_filled(ENTRY, b"," + ENTRY))),
    "calls that nothing fits": (1, _unfit),
    "UTF-16": (2, lambda _: _filled(b"\xff\xfe", b"\x00\xd8")),
    "a byte too many": (2, lambda _: b"a" * (LARGEST_CAPTURE + 1)),
}


@pytest.fixture(scope="module")
def world() -> World:
    """Clients and their keys."""
    return World()


@pytest.fixture(scope="module")
def config(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings that hold them."""
    return write_world(tmp_path_factory.mktemp("world"), world)


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


@pytest.mark.parametrize(("status", "content"), HOSTILE.values(), ids=HOSTILE)
def test_it_stays_within_its_limits(
    status: int, content: Callable[[World], bytes], world: World, config: Path, tmp_path: Path
) -> None:
    """500 MB are enough for whatever it reads; exit status 2 has one line, and none is a traceback.

    On a machine that is too busy the time is over before there is a verdict.
    """
    file = tmp_path / "request"
    file.write_bytes(content(world))
    ended = subprocess.run(
        [COMMAND, "explain", "--config", config, file],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        preexec_fn=_little_memory,
    )
    assert ended.returncode == (2 if "10 seconds are over" in ended.stderr else status), ended.stderr
    if ended.returncode == 2:
        assert (ended.stdout, ended.stderr.count("\n"), ended.stderr[:12]) == ("", 1, "snap-token: ")


@pytest.mark.parametrize("file", ["/", "/dev/zero", "a\nb"])
def test_what_is_no_file_is_told_in_one_line(file: str, config: Path) -> None:
    """A folder, a device, and what is not there."""
    ended = run(COMMAND, "explain", "--config", config, file)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
