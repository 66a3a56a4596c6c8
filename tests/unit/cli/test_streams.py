"""Standard streams that are closed, full, or not in UTF-8."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.cli import main, streams
from tests.e2e.process import environment

COMMAND = Path(sys.executable).with_name("snap-token")


def _run(folder: Path, shell: str) -> tuple[int, str, str]:
    """Run the command in a shell that redirects its streams."""
    command = ["/bin/sh", "-c", f'"$0" {shell}', str(COMMAND)]
    ended = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("redirection", "cause"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")]
)
def test_lost_output_is_an_error(tmp_path: Path, redirection: str, cause: str) -> None:
    """If standard output is full or closed, one line says so, and the exit status is 2."""
    expected = f"snap-token: standard output cannot be written: {cause}\n"
    assert _run(tmp_path, f"--version {redirection}") == (2, "", expected)


@pytest.mark.parametrize("command", ["--nonsense", "audit verify nothing", "health --config probe.toml"])
def test_lost_errors_keep_the_exit_status_of_errors(tmp_path: Path, command: str) -> None:
    """If standard error is full, the exit status is 2, and never 1, which would be a negative result."""
    (tmp_path / "probe.toml").write_text('[internal]\nsocket = "none.sock"\n')
    assert _run(tmp_path, f"{command} 2>/dev/full") == (2, "", "")


@pytest.mark.parametrize(
    ("command", "status"),
    [("keygen token a", 0), ("serve --check --config a", 2), ("revoke --config a --token-file -", 2)],
)
def test_a_command_works_without_any_stream(tmp_path: Path, command: str, status: int) -> None:
    """A command whose streams are all closed works as usual, and writes no output into a file that it creates."""
    assert _run(tmp_path, f"{command} <&- >&- 2>&-") == (status, "", "")
    assert [len(file.read_text().split()) for file in tmp_path.iterdir()] == [1] * (status == 0)


def test_closed_streams_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each closed stream is opened on /dev/null. A write to standard output fails, so that the loss is reported."""
    kept = os.dup(0)
    os.close(0)
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    try:
        streams.open_closed()
        assert sys.stdin.read() == ""
        assert [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)] == [0, 1, 2]
    finally:
        os.dup2(kept, 0)
        os.close(kept)


@pytest.mark.parametrize(("encoding", "written"), [("ascii", b"\\xe9"), ("utf-8", b"\xc3\xa9")])
def test_unencodable_characters_are_escaped(monkeypatch: pytest.MonkeyPatch, encoding: str, written: bytes) -> None:
    """A character that the encoding of the output lacks is escaped. Every other character stays."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    streams.open_closed()
    sys.stdout.write("é")
    sys.stdout.flush()
    assert raw.getvalue() == written


def test_a_nonblocking_output_that_is_full_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the output does not block and its reader does not read, one line has the error of the system."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with os.fdopen(writer, "wb", buffering=0) as full:
        while full.write(b"x" * 65_536):
            pass
        with os.fdopen(os.dup(writer), "w") as out:
            monkeypatch.setattr(sys, "stdout", out)
            assert main(["completion", "bash"]) == 2
    os.close(reader)
    assert capsys.readouterr().err == "snap-token: [Errno 11] write could not complete without blocking\n"


def test_errors_that_cannot_be_written_are_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of them stays in the buffer, so that the end of the process is no error either."""
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert main(["--nonsense"]) == 2
