"""The internal listeners to which several test modules send requests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from ipaddress import ip_network

import pytest
from starlette.types import ASGIApp

from handlers.config.settings import Settings
from handlers.request_limits import RequestLimits
from handlers.server.http.client_address import TrustedProxies
from handlers.server.observability import configure
from handlers.services import Services
from handlers.state.revocation_cache import RevocationCache
from tests.calls import unloaded_revocations
from tests.internal import InternalListener, running_internal, write_internal_settings
from tests.merchant import NOON, Clock
from tests.nicepay import Nicepay


def _unchanged(services: Services) -> Services:
    return services


def _behind_a_proxy(app: ASGIApp) -> ASGIApp:
    return TrustedProxies(app, [ip_network("127.0.0.1")], direct=False)


def _down(services: Services) -> Services:
    return replace(services, revocations=unloaded_revocations())


def _draining(services: Services) -> Services:
    return replace(services, is_draining=lambda: True)


def _one_call(services: Services) -> Services:
    return replace(services, request_limits=RequestLimits(client_requests=1))


def _limited(services: Services) -> Services:
    return replace(services, request_limits=RequestLimits(address_refusals=1))


def _broken(services: Services) -> Services:
    return replace(services, revocations=RevocationCache.__new__(RevocationCache))


KINDS: dict[str, tuple[str, bool, Callable[[Services], Services]]] = {
    "open": ("", False, _unchanged),
    "guarded": ("", True, _unchanged),
    "forwarded": ('call_headers = "x-forwarded"', False, _unchanged),
    "accelerated": ('accel_redirect = "@merchant"\nbody_limit_bytes = 2000', False, _unchanged),
    "limited": ("", False, _limited),
    "one call a minute": ("", False, _one_call),
    "revoking": ("", False, _unchanged),
    "down": ("", False, _down),
    "draining": ("", False, _draining),
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
            return stack.enter_context(running_internal(settings, Clock(), alter, _behind_a_proxy))

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
