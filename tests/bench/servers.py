"""The contestants as processes: started on their own core, checked with a request, and measured for CPU and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from handlers.config.limits_table import MOST_REQUESTS_PER_MINUTE
from tests.bench import calls, load
from tests.bench.calls import ASYMMETRIC, BODY_SIGNED, NOTIFICATION, SYMMETRIC, TOKEN
from tests.bench.contestants import place
from tests.bench.load import CONNECTIONS
from tests.e2e.process import COMMAND, environment, free_port
from tests.environments import MissingError, python_of
from tests.merchant import write_settings
from tests.nicepay import BODY, Nicepay
from tests.tls_pair import TLS, write_pair

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / ".reports" / "bench"
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]
CORES = len(_CORES)
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 30.0
_DOKU_THREADS = 4  # Each thread serves one connection.

Headers = dict[str, str]


SQLITE_STATE, REDIS_STATE, POSTGRESQL_STATE = "sqlite:///state.db", "redis", "postgresql"


@dataclass(frozen=True)
class Contestant:
    """One row of the table. `command` makes the command line from the folder with the keys and a port.

    `kind` is the request: for a token, or to authorize a call of one form. `state` is the state store of the product.
    `connections` is the number of connections of the load. With `workers`, the server runs on all cores. `tls`: the
    public listener has a certificate.
    """

    letter: str
    name: str
    command: Callable[[Path, int], list[str | Path]]
    kind: str = TOKEN
    state: str = SQLITE_STATE
    connections: int = CONNECTIONS
    workers: int = 0
    tls: bool = False


def _own(module: str, _folder: Path, _port: int) -> list[str | Path]:
    return [sys.executable, "-m", f"tests.bench.contestants.{module}"]


def _product(folder: Path, _port: int) -> list[str | Path]:
    return [COMMAND, "serve", "--config", folder / "snap-token.toml"]


def _foreign(name: str, module: str, argument: str, _folder: Path, _port: int) -> list[str | Path]:
    return [python_of(f"bench-{name}", REPORTS / "environments"), "-m", f"tests.bench.contestants.{module}", argument]


def _doku(_folder: Path, port: int) -> list[str | Path]:
    python = python_of("bench-doku", REPORTS / "environments")
    return [
        *(python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--threads", str(_DOKU_THREADS)),
        *("--log-level", "critical", "tests.bench.contestants.with_doku:app"),
    ]


FLOOR = Contestant("a", "raw ASGI, by hand", partial(_own, "floor"))
PRODUCT = Contestant("b", "snap-token, production", _product)
WITHOUT_METRICS = Contestant("m", "snap-token, without metrics", partial(_own, "without_metrics"))
_FEW = 4
FLUSH = (
    Contestant("n", f"production, {_FEW} connections", _product, connections=_FEW),
    Contestant("n", f"without flush, {_FEW} connections", partial(_own, "without_flush"), connections=_FEW),
    Contestant("n", "without flush", partial(_own, "without_flush")),
)
LEAN = Contestant("c", "snap-token, lean", partial(_own, "lean"))
WORKERS = tuple(
    Contestant("w", f"{store}, workers = {workers}", _product, TOKEN, state, CONNECTIONS * workers, workers, tls)
    for store, state, tls in (
        ("SQLite", SQLITE_STATE, False),
        ("SQLite, TLS", SQLITE_STATE, True),
        ("Redis", REDIS_STATE, False),
    )
    for workers in (1, 2)
)
REDIS = Contestant("b", "snap-token, production, Redis", _product, state=REDIS_STATE)
POSTGRESQL = Contestant("b", "snap-token, production, PostgreSQL", _product, state=POSTGRESQL_STATE)
AUTHORISE = tuple(
    Contestant(letter, f"authorise, {kind}, {store}", _product, kind, state)
    for letter, kind in (("h", ASYMMETRIC), ("i", SYMMETRIC), ("j", NOTIFICATION), ("k", BODY_SIGNED))
    for store, state in (("SQLite", SQLITE_STATE), ("Redis", REDIS_STATE), ("PostgreSQL", POSTGRESQL_STATE))
)
STOCK = Contestant("d", "stock Connexion", partial(_own, "stock"))
SNAPAPI = Contestant("f", "snapapi 0.1.9, as its demo", partial(_foreign, "snapapi", "with_snapapi", "thread"))
SNAPAPI_IN_LOOP = Contestant("f", "snapapi 0.1.9, no thread", partial(_foreign, "snapapi", "with_snapapi", "loop"))
DOKU = Contestant("g", "doku-python-library 1.1.72", _doku, connections=_DOKU_THREADS)
CONTESTANTS = (
    FLOOR,
    PRODUCT,
    WITHOUT_METRICS,
    LEAN,
    STOCK,
    Contestant("e", "FastAPI", partial(_foreign, "web", "with_fastapi", "")),
    Contestant("e", "Starlette", partial(_foreign, "web", "with_starlette", "")),
    SNAPAPI,
    SNAPAPI_IN_LOOP,
    DOKU,
    REDIS,
    POSTGRESQL,
    *AUTHORISE,
    *FLUSH,
)


class Server:
    """A running contestant: its port, and the folder with its keys."""

    def __init__(self, popen: subprocess.Popen[bytes], port: int, folder: Path, contestant: Contestant) -> None:
        self.port = port
        self.folder = folder
        self.kind = contestant.kind
        self.connections = contestant.connections
        self.tls = contestant.tls
        self._popen = popen

    def cpu_seconds(self) -> float:
        """CPU seconds of the process and its descendants since their start."""
        return tree_cpu_seconds(self._popen.pid)

    def megabytes(self) -> float:
        """Resident memory of the process and its descendants in MB (1,000,000 bytes)."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _process_tree(self._popen.pid))
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def answer(self, headers: Headers) -> tuple[int, bytes]:
        """Send one request on a new connection: for a token, or to authorize a call."""
        address = ("127.0.0.1", self.port)
        connection = (
            HTTPSConnection(*address, timeout=_PATIENCE, context=load.client_context())
            if self.tls
            else HTTPConnection(*address, timeout=_PATIENCE)
        )
        path, body = (place.PATH, BODY) if self.kind == TOKEN else (calls.PATH, calls.BODY)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def first_answer(self, headers: Callable[[], Headers]) -> tuple[int, bytes]:
        """Send a request until the server answers. `headers` is called for each attempt.

        Raises:
            MissingError: The server did not start in time.
        """
        until = time.perf_counter() + _PATIENCE
        while time.perf_counter() < until and self._popen.poll() is None:
            try:
                return self.answer(headers())
            except (OSError, HTTPException):
                time.sleep(0.002)
        message = "the server did not start"
        raise MissingError(message)

    def settle(self) -> None:
        """Wait until the server has finished its earlier work and uses no CPU."""
        until, before = time.perf_counter() + _PATIENCE, -1.0
        while time.perf_counter() < until and (now := self.cpu_seconds()) > before + 0.011:
            before = now
            time.sleep(0.1)


def tree_cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of its descendants that still run, since their start."""
    return sum(map(_cpu_seconds, _process_tree(pid)))


def _process_tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _process_tree(int(child))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _write_files(folder: Path, contestant: Contestant, nicepay: Nicepay, ports: tuple[int, int], state: str) -> None:
    """Write settings, keys and secrets. Only ports, state store and form of call differ from the defaults."""
    tables = [
        f"[server]\nport = {ports[0]}\nworkers = {max(1, contestant.workers)}\n{TLS if contestant.tls else ''}",
        f"[internal]\nport = {ports[1]}",
        f'[state]\nurl = "{state}"',
        # Counted, and never reached.
        f"[limits]\nclient_requests_per_minute = {MOST_REQUESTS_PER_MINUTE}",
    ]
    form = contestant.kind if contestant.kind in {NOTIFICATION, BODY_SIGNED} else "token"
    tables.append(f'[[services]]\npath = "{calls.CALL_PATH}"\nservice_code = "24"\nforms = ["{form}"]')
    if contestant.tls:
        write_pair(folder)
    settings = write_settings(folder, nicepay, extra="\n".join(tables))
    secret = folder / calls.SECRET_FILE
    secret.write_text(calls.SECRET)
    secret.chmod(0o600)
    if contestant.kind == SYMMETRIC:
        with settings.open("a") as file:
            file.write(f'\ncall_signature = "symmetric"\nclient_secret_file = "{secret.name}"\n')
    if contestant.kind == NOTIFICATION:
        (folder / "calls.pem").write_text(Nicepay().public_pem)
        keys = f'public_keys = ["calls.pem"]\nnotification_keys = ["{place.CLIENT_PEM}"]'
        settings.write_text(settings.read_text().replace(f'public_keys = ["{place.CLIENT_PEM}"]', keys))


@contextmanager
def running(contestant: Contestant, nicepay: Nicepay, engines: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a contestant on the server's core until the block ends. Its log goes to a file.

    `engines` has the URLs of the engines that run.
    """
    state = (engines or {}).get(contestant.state, contestant.state)
    if state in {REDIS_STATE, POSTGRESQL_STATE}:
        message = f"{state} is not installed"
        raise MissingError(message)
    port, internal = free_port(), free_port()
    folder = REPORTS / "run" / f"{contestant.letter}-{port}"
    folder.mkdir(parents=True, exist_ok=True)
    _write_files(folder, contestant, nicepay, (port, internal), state)
    (folder / place.OWN_PEM).write_text(nicepay.private_pem)
    env = environment(**{place.FOLDER: str(folder), place.PORT: str(port), "PYTHONPATH": str(ROOT)})
    command = contestant.command(folder, port)
    with (folder / "log").open("wb") as log:
        os.sched_setaffinity(0, _CORES if contestant.workers else {SERVER_CORE})  # The child process inherits it.
        popen = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            yield Server(popen, port if contestant.kind == TOKEN else internal, folder, contestant)
        finally:
            _end(popen)


def _end(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()
