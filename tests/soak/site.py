"""The installation that a soak runs: two instances of two workers behind nginx, on one engine, with an audit trail."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e import merchant_service, proxies
from tests.e2e.instances import HOST, TokenKeys
from tests.e2e.merchant_service import Service
from tests.e2e.process import COMMAND, Process, environment, free_port, run, running
from tests.e2e.proxies import Proxy, Upstreams
from tests.internal import write_internal_settings
from tests.nicepay import Nicepay
from tests.soak.audit_disk import AuditDisk, audit_disk
from tests.soak.engines import ENGINES, Engine
from tests.soak.instance_log import PATIENCE, InstanceLog
from tests.soak.ledger import Usage
from tests.soak.upgrade import FIRST, Installed
from tests.trail_files import raw_lines, write_key

INSTANCES = 2
READY_ANSWERS = 8
"""An instance is ready after so many answers in a row. Both of its workers give some of them."""
_READY_PAUSE = 0.05
_INTERNAL = """
accel_redirect = "@merchant"
[server]
workers = 2
drain_seconds = 1
[state]
url = "{url}"
[audit]
dir = "audit"
key_file = "audit.pem"
durable = true
when_full = "refuse"
"""
_DECISIONS = ("token.", "call.")


@dataclass
class Site:
    """The running installation."""

    folder: Path
    stack: ExitStack
    engine: Engine
    disk: AuditDisk
    second: Installed
    nicepay: Nicepay = field(default_factory=Nicepay)
    ports: list[tuple[int, int]] = field(default_factory=list)
    logs: list[InstanceLog] = field(default_factory=list)
    instances: dict[int, Process] = field(default_factory=dict)
    proxy: Proxy = field(init=False)
    merchant: Service = field(init=False)

    @property
    def config(self) -> Path:
        return self.folder / "snap-token.toml"

    @property
    def token_keys(self) -> TokenKeys:
        return TokenKeys(self.folder / "token.keys")

    def start(self, number: int, installed: Installed = FIRST) -> None:
        """Start an instance on its ports, and wait until it listens."""
        public, internal = self.ports[number]
        ports = {"SNAP_TOKEN__SERVER__PORT": str(public), "SNAP_TOKEN__INTERNAL__PORT": str(internal)}
        command = (*installed.command, "serve", "--config", self.config)
        env = environment(**ports, **installed.variables)
        self.instances[number] = self.stack.enter_context(running(*command, env=env, log=self.logs[number].pipe))
        self.logs[number].event("internal.listening")

    def signal(self, number: int, which: signal.Signals) -> None:
        """Send a signal to the supervisor of an instance only."""
        os.kill(self.instances[number].pid, which)

    def workers(self, number: int) -> list[int]:
        """The process IDs of the workers of an instance. None if it has ended."""
        pid = self.instances[number].pid
        with suppress(FileNotFoundError, ProcessLookupError):
            return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def workers_of_all(self) -> list[int]:
        """The process IDs of the workers of all instances."""
        return [pid for number in self.instances for pid in self.workers(number)]

    def wait_until_ready(self) -> None:
        """Wait until all workers of both instances are ready."""
        for _, port in self.ports:
            end, ready = time.monotonic() + PATIENCE, 0
            while ready < READY_ANSWERS:
                assert time.monotonic() < end, "an instance does not become ready"
                ready = ready + 1 if _is_ready(port) else 0
                time.sleep(0 if ready else _READY_PAUSE)

    def usages(self) -> Iterator[Usage]:
        """What each worker uses now."""
        for pid in self.workers_of_all():
            with suppress(FileNotFoundError, ProcessLookupError):  # It has just ended.
                yield _usage(pid)

    def stop(self) -> None:
        """Stop the instances as an operator does, so the trail and the logs are complete."""
        for process in self.instances.values():
            process.terminate()
        for process in self.instances.values():
            process.status()
        for log in self.logs:
            log.close()

    def audited(self) -> list[str]:
        """The request ID of each decision in the trail."""
        return [each for line in raw_lines(self.folder / "audit") for each in _decisions(line)]

    def chain_errors(self) -> str:
        """What `snap-token audit verify` says about a trail that is not whole."""
        done = run(COMMAND, "audit", "verify", self.folder / "audit", "--public-key", self.folder / "audit.pub")
        return done.stdout + done.stderr if done.returncode else ""


def _is_ready(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://{HOST}:{port}/readyz", trust_env=False).is_success
    return False


def _usage(pid: int) -> Usage:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Usage(pid, time.time(), pages * os.sysconf("SC_PAGE_SIZE") // 1024, descriptors)


def _decisions(line: bytes) -> Iterator[str]:
    """The request ID of the decision in this line, or nothing. A killed process can leave a torn line."""
    with suppress(ValueError):
        members = json.loads(line)
        if members["event"].startswith(_DECISIONS):
            yield members["request_id"]


def _write(folder: Path, nicepay: Nicepay, url: str) -> None:
    key = write_key(folder / "audit.pem").public_key()
    (folder / "audit.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    write_internal_settings(folder, nicepay, internal=_INTERNAL.format(url=url))


@contextmanager
def site(engine: str, second: Installed) -> Iterator[Site]:
    """Run the installation on this engine until the end of the block. `second` is the copy to upgrade to."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        running_engine = stack.enter_context(ENGINES[engine](folder))
        disk = stack.enter_context(audit_disk(folder / "audit"))
        running_site = Site(folder, stack, running_engine, disk, second)
        _write(folder, running_site.nicepay, running_site.engine.url)
        for number in range(INSTANCES):
            running_site.ports.append((free_port(), free_port()))
            running_site.logs.append(InstanceLog(folder, f"instance-{number}"))
            running_site.start(number)
        running_site.merchant = stack.enter_context(merchant_service.running())
        (token, internal), (second_token, second_internal) = running_site.ports
        upstreams = Upstreams(token, internal, running_site.merchant.port, second_token, second_internal)
        running_site.proxy = stack.enter_context(proxies.nginx(folder, upstreams))
        yield running_site
