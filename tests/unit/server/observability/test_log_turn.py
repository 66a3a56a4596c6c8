"""Several processes that write one log."""

import json
import os
import subprocess
import sys
from pathlib import Path

from handlers.server.observability.log_turn import LogTurn

LINES = 200
WRITE = """
import sys
from pathlib import Path
from handlers.server.observability.background_writer import BackgroundWriter
from handlers.server.observability.log_turn import LOG_TURN
lock, name = sys.argv[1:]
LOG_TURN.use(Path(lock))
print("ready", flush=True)
sys.stdin.readline()
writer = BackgroundWriter(2)
for number in range(200):
    writer.write('{"%s": "%s"}\\n' % (name, name * 9_000))
writer.drain()
"""


def test_long_lines_of_several_processes_stay_whole(tmp_path: Path) -> None:
    """Lines that are longer than `PIPE_BUF`, from two processes into one pipe, arrive whole, and all of them do."""
    reader, writer = os.pipe()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(tmp_path / "lock"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=writer,
        )
        for name in "ab"
    ]
    os.close(writer)
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.close()
    with os.fdopen(reader) as pipe:
        lines = [json.loads(line) for line in pipe]
    for process in processes:
        with process:
            assert process.wait() == 0
    assert sorted(name for line in lines for name in line) == ["a"] * LINES + ["b"] * LINES


def test_without_its_folder_nobody_waits(tmp_path: Path) -> None:
    """If the lock file cannot be opened, the line is written all the same."""
    turn = LogTurn()
    turn.use(tmp_path / "gone" / "lock")
    with turn.taken():
        assert not (tmp_path / "gone").exists()
