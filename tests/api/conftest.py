"""The internal listeners to which several test modules send requests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache

import pytest

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.services import Services
from handlers.snap.clients import Clients
from tests.calls import unloaded_revocations
from tests.internal import InternalListener, running_internal, write_internal_settings
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay


def _unchanged(services: Services) -> Services:
    return services


def _down(services: Services) -> Services:
    return replace(services, revocations=unloaded_revocations())


def _broken(services: Services) -> Services:
    return replace(services, clients=Clients.__new__(Clients))


KINDS: dict[str, tuple[str, bool, Callable[[Services], Services]]] = {
    "open": ("", False, _unchanged),
    "guarded": ("", True, _unchanged),
    "forwarded": ('call_headers = "x-forwarded"', False, _unchanged),
    "accelerated": ('accel_redirect = "@merchant"\nbody_limit_bytes = 2000', False, _unchanged),
    "revoking": ("", False, _unchanged),
    "down": ("", False, _down),
    "broken": ("", False, _broken),
}
"""For each kind of listener: lines of the table `[internal]`, whether there is a secret, a change of its services."""

Listeners = Callable[[str], InternalListener]


@pytest.fixture(scope="session")
def _started(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listeners]:
    with ExitStack() as stack:

        @cache
        def start(kind: str) -> InternalListener:
            internal, secret, alter = KINDS[kind]
            folder = tmp_path_factory.mktemp(kind)
            settings = Settings.load(write_internal_settings(folder, nicepay, internal=internal, secret=secret))
            return stack.enter_context(running_internal(settings, Clock(), alter))

        yield start


@pytest.fixture
def listeners(_started: Listeners) -> Listeners:
    """A function that returns the listener of a kind, at noon in Jakarta, with an empty log."""

    def listener(kind: str) -> InternalListener:
        found = _started(kind)
        found.clock.now = NOON
        configure.set_up(found.stream)
        found.log()
        return found

    return listener


@pytest.fixture
def internal(listeners: Listeners) -> InternalListener:
    """The listener with default settings: on loopback, without a secret."""
    return listeners("open")
