"""The bytes of a line in the log and in the audit trail, and the time that a line of the trail takes."""

import gzip
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from handlers.audit.appender import Appender, TrailOptions
from handlers.audit.checkpoint import CheckpointKey
from handlers.audit.public_keys import PublicKeys
from handlers.audit.reading import stored_files
from handlers.audit.record import Record
from handlers.audit.verification import Verification
from handlers.config.settings import Settings
from tests import merchant
from tests.document import TOKEN_PATH
from tests.internal import running_internal, write_internal_settings
from tests.merchant import BASE_PATH, Clock, RunningListener, write_settings
from tests.nicepay import BODY, Nicepay, jakarta
from tests.trail_files import raw_lines, write_key

REQUESTS = 1_000
APPENDED = 20_000
BATCH = 20
"""Lines that are written at once."""

_AUDIT = '\n[audit]\ndir = "audit"\nkey_file = "audit.key"\n'

Send = Callable[[], object]


def _sizes(name: str, lines: Sequence[bytes]) -> str:
    """The mean size of these lines, plain and compressed as the server compresses the files of the trail."""
    content = b"\n".join([*lines, b""])
    return f"{name}: {len(content) / len(lines):.0f} bytes, {len(gzip.compress(content)) / len(lines):.0f} compressed"


def _with_audit(settings: Path) -> Settings:
    """The settings with a trail, in the folder `audit` beside the file."""
    write_key(settings.parent / "audit.key")
    (settings.parent / "audit").mkdir(0o700)
    settings.write_text(settings.read_text() + _AUDIT)
    return Settings.load(settings)


def _log_lines(listener: RunningListener, event: str, send: Send) -> list[bytes]:
    """The lines of this event for many requests, some seconds apart."""
    for _ in range(REQUESTS):
        listener.clock.now += timedelta(seconds=1, microseconds=234_567)
        send()
    lines = listener.stream.getvalue().splitlines()
    return [line.encode() for line in lines if f'"{event}"' in line]


def _trail_lines(folder: Path, event: str) -> list[bytes]:
    return [line for line in raw_lines(folder / "audit") if f'"{event}"'.encode() in line]


def _token_lines(folder: Path) -> Iterator[str]:
    nicepay, event = Nicepay(), "token.issued"
    settings = _with_audit(write_settings(folder, nicepay))
    with merchant.running(settings, Clock()) as listener:

        def send() -> None:
            headers = nicepay.headers(jakarta(listener.clock.now))
            assert listener.client.post(BASE_PATH + TOKEN_PATH, headers=headers, content=BODY).is_success

        log = _log_lines(listener, event, send)
    yield _sizes("log line of a token", log)
    yield _sizes("audit line of a token", _trail_lines(folder, event))


def _call_lines(folder: Path) -> Iterator[str]:
    nicepay, event = Nicepay(), "call.genuine"
    settings = _with_audit(write_internal_settings(folder, nicepay))
    with running_internal(settings, Clock()) as listener:

        def send() -> None:
            assert listener.client.post("/authorize", headers=listener.asymmetric(nicepay), content=BODY).is_success

        log = _log_lines(listener, event, send)
    yield _sizes("log line of a call", log)
    yield _sizes("audit line of a call", _trail_lines(folder, event))


def _appending(name: str, options: TrailOptions, records: Sequence[Record], together: int) -> str:
    """The time to append these records. Nobody else can append meanwhile. It includes the flush of a durable trail."""
    appender = Appender(options, Clock())
    cpu, clock = time.process_time_ns(), time.perf_counter_ns()
    for start in range(0, len(records), together):
        appender.append(records[start : start + together])
    cpu, clock = (time.process_time_ns() - cpu) // len(records), (time.perf_counter_ns() - clock) // len(records)
    return f"{name}, {together} lines at once: {cpu / 1e3:.1f} us of CPU a line, {clock / 1e3:.1f} us on the clock"


def _trail_times(folder: Path) -> Iterator[str]:
    private = Ed25519PrivateKey.generate()
    fields = {"client": "IONPAYTEST", "outcome": "genuine", "signature": "0" * 64, "body": "0" * 64, "token": "0" * 64}
    records = [
        Record("call.genuine", Clock()(), {**fields, "request_id": f"{number:032x}"}) for number in range(APPENDED)
    ]
    for durable, together, count in (
        (False, 1, APPENDED),
        (False, BATCH, APPENDED),
        (True, 1, 1_000),
        (True, BATCH, APPENDED),
    ):
        target = folder / f"{durable}{together}"
        target.mkdir()
        name = "durable trail" if durable else "trail"
        options = TrailOptions(target, CheckpointKey.of(private), 2**30, durable=durable)
        yield _appending(name, options, records[:count], together)
    begun = time.process_time_ns()
    Verification(PublicKeys.of([private.public_key()])).run(stored_files(folder / f"True{BATCH}"))
    yield f"audit verify: {(time.process_time_ns() - begun) / APPENDED / 1e3:.1f} us of CPU a line"


def report() -> Iterator[str]:
    """A line for each figure."""
    for measure in (_token_lines, _call_lines, _trail_times):
        with TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
            yield from measure(Path(folder))
