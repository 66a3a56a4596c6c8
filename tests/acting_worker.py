"""Small processes that act as workers."""

import sys
from collections.abc import Sequence

from handlers.server.process.workers.worker import Worker

_SCRIPT = """
import json, os, signal, socket, sys
link, part = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
say = lambda **report: link.sendall(json.dumps(report).encode() + b"\\n")
if part == "mistaken":
    say(mistakes=["a: wrong", "b: wrong"])
    sys.exit(2)
if part == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if part == "unread":
    link.recv(1, socket.MSG_PEEK)
    sys.exit(3)
if part == "brief":
    say(workers=2, drain_seconds=0)
    sys.exit(1)
if part != "silent":
    say(workers=int(part) if part.isdecimal() else 2, drain_seconds=300 if part == "draining" else 0)
if part == "hung":
    link.sendall(b"A")
orders = b""
while order := link.recv(1):
    orders += order
    if part == "noting":
        sys.stderr.write(orders.decode())
    if part == "reloading" and order == b"L":
        link.sendall(b"L")
    if order != b"L" and part not in ("deaf", "silent"):
        sys.exit(0)
"""
"""The parts: a number of workers that its settings want, or a word for what is special."""


def command(link: int, part: str) -> Sequence[str]:
    return (sys.executable, "-c", _SCRIPT, str(link), part)


async def act(part: str) -> Worker:
    """Start a process that plays this part."""
    return await Worker.start(lambda link: command(link, part), (), {})
