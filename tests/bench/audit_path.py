"""What the audit trail costs a token request in this process: off, on, and durable.

Run by `make bench`. Requests come in groups that are decided at the same time, so a durable trail shares its flushes.
CPU time counts the thread that writes too. The time on the clock includes waiting for the disk, so it depends on it.
Reported, never asserted.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.types import ASGIApp, Message

from handlers.audit.appender import TrailOptions
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.writer import TrailWriter
from handlers.server.openapi.application import application, public_api
from handlers.services import Services
from tests.bench.request_path import Request, forgetful, switch_log_off
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON, Clock, write_settings
from tests.nicepay import BODY, Nicepay, jakarta

BATCHES = 60
GROUPS = 10
GROUP = 20
"""Requests that are decided at the same time."""

_KEY = CheckpointKey.of(Ed25519PrivateKey.generate())


@dataclass
class _Way:
    """A server with a trail, or without one. `cpu` and `clock` are the best times, in microseconds a request."""

    name: str
    app: ASGIApp
    trail: TrailWriter | None
    cpu: float = float("inf")
    clock: float = float("inf")

    async def measure(self, request: Request) -> None:
        """Measure one batch, until its last line is written."""
        scopes = [request.scope for _ in range(GROUPS * GROUP)]
        cpu, clock = time.process_time_ns(), time.perf_counter_ns()
        for start in range(0, len(scopes), GROUP):
            group = scopes[start : start + GROUP]
            await asyncio.gather(*(self.app(scope, request.receive, _ignore) for scope in group))
        answered = time.perf_counter_ns()
        while self.trail and self.trail.lines_waiting:  # noqa: ASYNC110  another thread writes them
            await asyncio.sleep(0.002)
        self.cpu = min(self.cpu, (time.process_time_ns() - cpu) / len(scopes) / 1e3)
        self.clock = min(self.clock, (answered - clock) / len(scopes) / 1e3)


async def _ignore(_message: Message) -> None:
    """Nobody reads the answers."""


def _way(name: str, services: Services, folder: Path, *, durable: bool | None) -> _Way:
    """`durable` is None for a server without a trail."""
    if durable is None:
        return _Way(name, application(public_api(BASE_PATH), lambda: services), None)
    (folder / name).mkdir()
    trail = TrailWriter(TrailOptions(folder / name, _KEY, 2**26, durable=durable), Clock(), continues=False)
    recording = replace(services, audit_trail=trail)
    return _Way(name, application(public_api(BASE_PATH), lambda: recording), trail)


@asynccontextmanager
async def _running(way: _Way) -> AsyncIterator[None]:
    if way.trail:
        async with way.trail.running():
            yield
    else:
        yield


async def _measure(ways: list[_Way], request: Request) -> None:
    off, on, durable = ways
    async with _running(off), _running(on), _running(durable):
        for _ in range(BATCHES):
            for way in ways:
                await way.measure(request)


def main() -> None:
    """Measure token requests without a trail, with one, and with a durable one."""
    switch_log_off()
    nicepay = Nicepay()
    request = Request(BASE_PATH + TOKEN_PATH, nicepay.headers(jakarta(NOON)), BODY)
    with TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        folder = Path(name)
        services = forgetful(write_settings(folder, nicepay))
        kinds = {"audit off": None, "audit on": False, "audit durable": True}
        ways = [_way(kind, services, folder, durable=durable) for kind, durable in kinds.items()]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_measure(ways, request))
    off = ways[0]
    for way in ways:
        cpu, clock = way.cpu / off.cpu, way.clock / off.clock
        sys.stdout.write(
            f"{way.name:14} {way.cpu:6.1f} us of CPU, {cpu:.2f} of {off.name}; "
            f"{way.clock:7.1f} us on the clock, {clock:.2f} of {off.name}\n"
        )


if __name__ == "__main__":
    main()
