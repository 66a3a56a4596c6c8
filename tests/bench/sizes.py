"""What the server stores, in bytes, and what it costs the engines and the audit trail to store it.

Run by `make bench`. The records, the log lines and the lines of the audit trail are those that the server makes. The
page on sizing calculates with these figures. Reported, never asserted.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.config.settings import Settings
from handlers.snap.replay_key import ReplayKey
from handlers.state.port import LOSS_SECONDS, Engine, StateDownError
from tests.bench import lines, stores
from tests.bench.stores import Store
from tests.engines import opened
from tests.merchant import Clock, services_of, write_settings
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

RECORDS = 50_000
REVOCATIONS = 2_000
CLIENTS = 1_000
TOGETHER = 64
"""Requests that come at the same time, and share a batch."""

_TOLERANCE = timedelta(seconds=300)
_NOW = datetime.now(UTC)

Work = Callable[[Engine, int], Awaitable[object]]


async def _record_token_request(state: Engine, number: int) -> None:
    """Record the signed request of one of ten clients, each a second later than the one before."""
    signed_at = _NOW + timedelta(seconds=(number - RECORDS) // 10)
    key = ReplayKey.of_token_request(f"{CLIENT_KEY}{number % 10}", jakarta(signed_at), _TOLERANCE)
    await state.first_seen(key.key, key.ttl_seconds, _NOW, key.signed_at)


async def _record_call(state: Engine, number: int) -> None:
    """Record an X-EXTERNAL-ID until its day ends."""
    key = ReplayKey.of_call(CLIENT_KEY, jakarta(_NOW), f"ordNo{number}", _NOW, _TOLERANCE)
    await state.first_seen(key.key, key.ttl_seconds, _NOW, key.signed_at)


async def _revoke_token(state: Engine, number: int) -> None:
    """Revoke one token."""
    await state.revoke(f"token:{sha256(b'%d' % number).hexdigest()}", _NOW, LOSS_SECONDS)


async def _until_done(state: Engine, work: Work, number: int) -> object:
    """Try again if the engine did not answer in time, because other programs use the machine."""
    while True:
        with suppress(StateDownError):
            return await work(state, number)


async def _repeat(state: Engine, work: Work, numbers: range, together: int) -> None:
    for start in range(0, len(numbers), together):
        await asyncio.gather(*(_until_done(state, work, number) for number in numbers[start : start + together]))


def _bytes_of(store: Store, work: Work, count: int, together: int = TOGETHER) -> float:
    """The bytes that the store grows for one record."""

    async def fill(number: int) -> None:
        async with opened(store.url) as state:
            await _repeat(state, work, range(number), together)
            await state.revocations(_NOW)

    asyncio.run(fill(0))
    before = store.size()
    asyncio.run(fill(count))
    return (store.size() - before) / count


def _cpu_of(store: Store, together: int, numbers: range) -> float:
    """The microseconds of the engine's CPU time for one call, when so many come at once."""

    async def run() -> float:
        async with opened(store.url) as state:
            await state.revocations(_NOW)
            before = store.cpu_seconds()
            await _repeat(state, _record_call, numbers, together)
            return store.cpu_seconds() - before

    return asyncio.run(run()) / len(numbers) * 1e6


def _connections_of(store: Store) -> int:
    """The connections of one process that records calls and reads revocations."""

    async def run() -> int:
        async with opened(store.url) as state:
            await asyncio.gather(state.revocations(_NOW), _record_call(state, -1))
            return store.connections()

    return asyncio.run(run())


def _state_lines() -> Iterator[str]:
    for running in stores.installed():
        with running() as store:
            token = _bytes_of(store, _record_token_request, RECORDS)
            call = _bytes_of(store, _record_call, RECORDS)
            revocation = _bytes_of(store, _revoke_token, REVOCATIONS, together=1)
            yield f"{store.name}: {token:.0f} bytes a token request, {call:.0f} a call, {revocation:.0f} a revocation"
            if store.cpu_seconds():
                alone = _cpu_of(store, 1, range(RECORDS, RECORDS + RECORDS // 10))
                together = _cpu_of(store, TOGETHER, range(2 * RECORDS, 4 * RECORDS))
                yield f"{store.name}: {alone:.0f} us of its CPU a call alone, {together:.1f} us with {TOGETHER} at once"
                yield f"{store.name}: {_connections_of(store)} connections of a process"


def _client_line() -> str:
    """What a thousand clients add to a worker: its start reads their keys, and it keeps them in memory."""
    nicepay = Nicepay()
    with TemporaryDirectory() as folder:
        services_of(Settings.load(write_settings(Path(folder), nicepay)), Clock())
        clients = [Nicepay(f"CLIENT{number}", nicepay.private_key) for number in range(CLIENTS)]
        settings = write_settings(Path(folder), *clients)
        memory, cpu = _resident_bytes(), time.process_time()
        services = services_of(Settings.load(settings), Clock())
        cpu, memory = time.process_time() - cpu, _resident_bytes() - memory
    assert services.client("CLIENT0").active
    return f"{CLIENTS:,} clients: {cpu:.1f} s of CPU time to read them, {memory / 1e6:.0f} MB of memory"


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure, and print a line for each figure."""
    sys.stdout.write(f"{_client_line()}\n")
    for line in (*_state_lines(), *lines.report()):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"load average {os.getloadavg()[0]:.1f}\n")


if __name__ == "__main__":
    main()
