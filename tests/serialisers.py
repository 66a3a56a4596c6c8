"""Real serialisers: programs that write a body again as the code of integrators does."""

import atexit
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.programs import program

_GO_SOURCE = Path(__file__).parent / "data" / "serialiser.go"
_PATIENCE = 120
"""Seconds. The Go compiler is slow when it starts with an empty cache."""


def serialised(way: str, body: bytes) -> bytes:
    """Return what a program makes of a body. `way` is `LANGUAGE: CODE`, or `go: MODE`. An empty way changes nothing."""
    language, _, code = way.partition(": ")
    return _output(_command(language, code), body) if way else body


def _command(language: str, code: str) -> list[str]:
    if language == "php":
        start = "$b = stream_get_contents(STDIN); ini_set('display_errors', '0');"
        return [program("php"), "-n", "-r", f"{start} echo {code};"]
    if language == "node":
        return [_node(), "-e", f"const b = require('fs').readFileSync(0, 'utf8'); process.stdout.write({code})"]
    if language == "python":
        start = "import json, re, sys; b = sys.stdin.buffer.read().decode();"
        return [sys.executable, "-c", f"{start} sys.stdout.buffer.write(({code}).encode())"]
    return [str(_go_program()), code]


def _node() -> str:
    """Return the Node of the linters if they are installed, so that CI needs no second one."""
    of_linters = Path(sys.executable).with_name("node")
    return str(of_linters) if of_linters.exists() else program("node")


@cache
def _go_program() -> Path:
    folder = Path(mkdtemp(prefix="serialiser-"))
    atexit.register(shutil.rmtree, folder)
    built = folder / "serialiser"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "GO111MODULE": "off", "GOCACHE": str(folder / "cache")}
    command = [program("go"), "build", "-o", str(built), str(_GO_SOURCE)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=_PATIENCE)
    return built


def _output(command: list[str], body: bytes) -> bytes:
    return subprocess.run(command, input=body, check=True, capture_output=True, timeout=_PATIENCE).stdout
