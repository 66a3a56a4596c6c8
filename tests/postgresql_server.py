"""PostgreSQL servers for tests, from the packages of the system. PostgreSQL refuses root, so its own user runs it."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.process import Process, free_port, run, running
from tests.programs import program, skip_or_fail

USER = "postgres"
ROLE = "snap"
DATABASE = "payments"

_FAST = (
    "-c",
    "fsync=off",
    "-c",
    "shared_buffers=16MB",
    "-c",
    "max_connections=30",
    "-c",
    "wal_retrieve_retry_interval=100ms",
)
_READY = "database system is ready to accept"


def is_installed() -> bool:
    """Whether this machine has the programs of a PostgreSQL server."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or shutil.which("postgres") is not None


def _program(name: str) -> str:
    """Debian has the programs of each version in a folder of its own."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which(name, path=str(folders[-1])) if folders else shutil.which(name)
    return found or skip_or_fail(f"{name} of PostgreSQL is not installed")


def as_postgresql() -> tuple[str, ...]:
    """The beginning of a command that runs as the user of PostgreSQL."""
    if os.geteuid():
        return ()
    return (program("setpriv"), "--reuid", USER, "--regid", USER, "--clear-groups")


class PostgresqlServer:
    """A server that can stop and start again at the same address. `copy` makes a standby."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"postgresql://{ROLE}@{self.host}/{DATABASE}"
        self.socket_url = f"postgresql://{ROLE}@%2F{str(folder).lstrip('/').replace('/', '%2F')}:{self.port}/{DATABASE}"
        self._running = ExitStack()
        self.process: Process

    def create(self) -> None:
        """Create the files of a server, with one role, which is the superuser, and one empty database."""
        self._run("initdb", "--pgdata", str(self.data), "--auth", "trust", "--username", ROLE, "--no-sync")

    def copy(self, primary: "PostgresqlServer") -> None:
        """Create a standby of this primary."""
        address = ("--host", "127.0.0.1", "--port", str(primary.port), "--username", ROLE)
        self._run("pg_basebackup", "--pgdata", str(self.data), *address, "--write-recovery-conf", "--checkpoint=fast")

    def start(self, *options: str) -> None:
        """Start the server and wait until it accepts connections. `options` are settings, such as `fsync=on`."""
        settings = [part for option in options for part in ("-c", option)]
        address = ("-k", str(self._folder), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1")
        server = (_program("postgres"), "-D", str(self.data), *address, *_FAST, *settings)
        self.process = self._running.enter_context(running(*as_postgresql(), *server))
        assert any(_READY in line for line in self.process.err)

    def stop(self) -> None:
        """Stop the server at once, and disconnect everybody."""
        self.process.send_signal(signal.SIGINT)
        self.process.status()
        self._running.close()

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to all its processes. Each has a process group of its own."""
        children = run(program("pgrep"), "--parent", str(self.process.pid)).stdout.split()
        for process in (self.process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def kill(self) -> None:
        """Kill all its processes, as a machine does that fails."""
        self.signal_all(signal.SIGKILL)
        self.process.status()
        self._running.close()

    def close(self) -> None:
        """Kill it, if it runs. Its files are removed next, so nothing must be saved."""
        if hasattr(self, "process") and not self.process.has_ended():
            self.kill()
        self._running.close()

    def promote(self) -> None:
        """Make a primary of this standby."""
        self._run("pg_ctl", "promote", "--pgdata", str(self.data), "--wait")

    def add_file(self, name: str, content: str) -> None:
        """Add a file to its data, which only its user can read."""
        file = self.data / name
        file.write_text(content)
        file.chmod(0o600)
        if not os.geteuid():
            shutil.chown(file, USER, USER)

    def sql(self, *statements: str, role: str = ROLE, database: str = DATABASE) -> list[str]:
        """Run the statements, each in its own transaction. Return the lines of their results."""
        commands = [part for statement in statements for part in ("--command", statement)]
        address = ("--host", str(self._folder), "--port", str(self.port), "--username", role, "--dbname", database)
        options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1")
        return self._run("psql", *options, *address, *commands).splitlines()

    def _run(self, name: str, *arguments: str) -> str:
        done = run(*as_postgresql(), _program(name), *arguments, cwd=self._folder)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def postgresql_folder() -> Iterator[PostgresqlServer]:
    """A server without files, in a folder of its user. It is stopped at the end of the block."""
    with TemporaryDirectory() as folder:
        if not os.geteuid():
            _program("postgres")  # Its package creates the user.
            shutil.chown(folder, USER, USER)
        server = PostgresqlServer(Path(folder))
        try:
            yield server
        finally:
            server.close()


@contextmanager
def primary_and_standby(*options: str) -> Iterator[tuple[PostgresqlServer, PostgresqlServer]]:
    """Run a primary with these settings, and its standby, which is connected to it, until the end of the block."""
    with postgresql_server() as primary, postgresql_folder() as standby:
        standby.copy(primary)
        primary.stop()
        primary.start(*options)
        standby.start()
        while primary.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") != ["1"]:
            time.sleep(0.01)
        yield primary, standby


def url_of_all(*servers: "PostgresqlServer") -> str:
    """The URL that has the hosts of all these servers."""
    return servers[0].url.replace(servers[0].host, ",".join(server.host for server in servers))


@contextmanager
def postgresql_server(*options: str) -> Iterator[PostgresqlServer]:
    """Run a server until the end of the block. `options` are settings, such as `fsync=on`."""
    with postgresql_folder() as server:
        server.create()
        server.start(*options)
        server.sql(f"CREATE DATABASE {DATABASE}", database="postgres")
        yield server
