"""The contestants as processes: started on a core of their own, asked once, watched for what they use of it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import create_server

from tests.bench.contestants import place
from tests.bench.environments import MissingError, python_of
from tests.e2e.process import environment
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / ".reports" / "bench"
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 30.0

Headers = dict[str, str]


@dataclass(frozen=True)
class Contestant:
    """One row of the table. `command` makes what to start, from the folder with the keys and a port."""

    letter: str
    name: str
    command: Callable[[Path, int], list[str | Path]]


def _own(module: str, _folder: Path, _port: int) -> list[str | Path]:
    return [sys.executable, "-m", f"tests.bench.contestants.{module}"]


def _product(folder: Path, _port: int) -> list[str | Path]:
    return [Path(sys.executable).with_name("snap-token"), "serve", "--config", folder / "snap-token.toml"]


def _foreign(name: str, module: str, argument: str, _folder: Path, _port: int) -> list[str | Path]:
    return [python_of(name, REPORTS / "environments"), "-m", f"tests.bench.contestants.{module}", argument]


def _doku(_folder: Path, port: int) -> list[str | Path]:
    python = python_of("doku", REPORTS / "environments")
    return [
        *(python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4"),
        *("--log-level", "critical", "tests.bench.contestants.with_doku:app"),
    ]


FLOOR = Contestant("a", "raw ASGI, by hand", partial(_own, "floor"))
PRODUCT = Contestant("b", "snap-token, production", _product)
LEAN = Contestant("c", "snap-token, lean", partial(_own, "lean"))
STOCK = Contestant("d", "stock Connexion", partial(_own, "stock"))
SNAPAPI = Contestant("f", "snapapi 0.1.9, as its demo", partial(_foreign, "snapapi", "with_snapapi", "thread"))
SNAPAPI_IN_LOOP = Contestant("f", "snapapi 0.1.9, no thread", partial(_foreign, "snapapi", "with_snapapi", "loop"))
DOKU = Contestant("g", "doku-python-library 1.1.72", _doku)
CONTESTANTS = (
    FLOOR,
    PRODUCT,
    LEAN,
    STOCK,
    Contestant("e", "FastAPI", partial(_foreign, "web", "with_fastapi", "")),
    Contestant("e", "Starlette", partial(_foreign, "web", "with_starlette", "")),
    SNAPAPI,
    SNAPAPI_IN_LOOP,
    DOKU,
)


class Server:
    """A contestant that runs."""

    def __init__(self, popen: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self._popen = popen

    def cpu_seconds(self) -> float:
        """Of the process and its descendants, since their start."""
        return sum(_cpu_seconds(pid) for pid in _family(self._popen.pid))

    def megabytes(self) -> float:
        """Resident, of the process and its descendants."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _family(self._popen.pid))
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def answer(self, headers: Headers) -> tuple[int, bytes]:
        """Ask once, on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("POST", place.PATH, BODY, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def first_answer(self, headers: Headers) -> tuple[int, bytes]:
        """Ask until it answers."""
        until = time.perf_counter() + _PATIENCE
        while time.perf_counter() < until and self._popen.poll() is None:
            try:
                return self.answer(headers)
            except (OSError, HTTPException):
                time.sleep(0.002)
        message = "it did not start"
        raise MissingError(message)

    def settle(self) -> None:
        """Wait until it has worked off what came before."""
        until, before = time.perf_counter() + _PATIENCE, -1.0
        while time.perf_counter() < until and (now := self.cpu_seconds()) > before + 0.011:
            before = now
            time.sleep(0.1)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def running(contestant: Contestant, nicepay: Nicepay) -> Iterator[Server]:
    """Start a contestant on its core, its log in a file; at the end of the block it is gone."""
    port = _free_port()
    folder = REPORTS / "run" / f"{contestant.letter}-{port}"
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, nicepay, extra=f"[server]\nport = {port}")
    (folder / place.OWN_PEM).write_text(nicepay.private_pem)
    env = environment(**{place.FOLDER: str(folder), place.PORT: str(port), "PYTHONPATH": str(ROOT)})
    command = contestant.command(folder, port)
    with (folder / "log").open("wb") as log:
        os.sched_setaffinity(0, {SERVER_CORE})  # What is started inherits it.
        popen = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            yield Server(popen, port)
        finally:
            _end(popen)


def _end(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
