"""The cost of each step of a token request, measured alone in this process."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from timeit import repeat

from handlers.access_token import issue_access_token
from handlers.config.settings import Settings
from handlers.server.process import assembly
from handlers.snap.timestamp import require_in_window
from tests.calls import loaded_revocations
from tests.merchant import services_of, write_settings
from tests.nicepay import CLIENT_KEY, Nicepay, jakarta

_TIMES = 2_000
_REPEATS = 5


def costs(folder: Path, nicepay: Nicepay) -> dict[str, float]:
    """The time of each step and of the whole handler in microseconds."""
    settings = Settings.load(write_settings(folder, nicepay))
    services = replace(services_of(settings, assembly.system_clock), revocations=loaded_revocations())
    now = datetime.now(UTC)
    timestamp = jakarta(now)
    signature = nicepay.signature(timestamp)
    client = services.clients.find(CLIENT_KEY)
    tolerance = client.clock_tolerance
    return {
        "timestamp: parse and window": _microseconds(lambda: require_in_window(timestamp, now, tolerance)),
        "client: look-up": _microseconds(lambda: services.clients.find(CLIENT_KEY)),
        "signature: verify": _microseconds(lambda: client.require_signature(CLIENT_KEY, timestamp, signature)),
        "token: mint": _microseconds(lambda: services.token_keys.issue(CLIENT_KEY, now)),
        "the whole handler": _microseconds(
            lambda: _run(
                issue_access_token(services, x_timestamp=timestamp, x_client_key=CLIENT_KEY, x_signature=signature)
            )
        ),
    }


def _run(handler: Coroutine[None, None, object]) -> object:
    """Run a handler that never waits, because its state is in memory, and return its result."""
    try:
        handler.send(None)
    except StopIteration as end:
        return end.value
    message = "the handler waited"
    raise RuntimeError(message)


def _microseconds(step: Callable[[], object]) -> float:
    return median(repeat(step, number=_TIMES, repeat=_REPEATS)) / _TIMES * 1e6
