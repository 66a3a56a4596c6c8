"""From settings to a running server, and its end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.config import setting_warnings
from handlers.config.key_files import NO_SECRETS
from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable, Internal
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.services import Services
from handlers.snap.client import Client, Clients
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from handlers.state.outage import GuardedState, OutagePolicy
from handlers.state.revocation_cache import RevocationCache


def system_clock() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ProcessResources:
    """What lives as long as the process, whatever becomes of keys and clients.

    `internal` is the table as it was at the start. Only its secrets can change later.
    """

    state: GuardedState
    revocations: RevocationCache
    outage_policy: OutagePolicy
    now: Callable[[], datetime]
    internal: Internal | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block runs, revocations are kept fresh, and an outage is probed. After it the state is closed."""
        try:
            async with self.revocations.refreshing(), self.state.probing(self.now):
                yield
        finally:
            await self.state.close()


def open_resources(settings: Settings, now: Callable[[], datetime] = system_clock) -> ProcessResources:
    """Open the state that instances share; ValueError if it cannot be used."""
    outage_policy = OutagePolicy(settings.state.when_down)
    state = GuardedState(settings.state.url.open(starting=True), outage_policy)
    return ProcessResources(state, RevocationCache(state, outage_policy, now), outage_policy, now, settings.internal)


def clients_of(settings: Settings) -> Clients:
    """The clients that the settings know."""
    return Clients([_client(table) for table in settings.clients])


def token_keys_of(settings: Settings) -> TokenKeys:
    """The keys that mint and open tokens, for the lifetime that is set."""
    file, lifetime = settings.token.keys_file, timedelta(seconds=settings.token.lifetime_seconds)
    return TokenKeys(file.keys, lifetime, file.retired_at)


def build_services(settings: Settings, resources: ProcessResources) -> Services:
    """What the handlers need, from the settings. From now on the log masks the secrets of these settings."""
    SECRET_MASKER.learn(secrets_to_mask(settings))
    return Services(
        now=resources.now,
        clients=clients_of(settings),
        token_keys=token_keys_of(settings),
        state=resources.state,
        revocations=resources.revocations,
        outage_policy=resources.outage_policy,
        repeat=settings.token.repeat,
        called_services={
            table.path: Service(table.service_code, table.methods, table.forms) for table in settings.services
        },
        accel_redirect=resources.internal.accel_redirect if resources.internal else None,
        internal_secrets=_internal_secrets(settings.internal, resources.internal),
    )


def _internal_secrets(table: Internal | None, started: Internal | None) -> tuple[bytes, ...]:
    """The current ones; those of the start if the table is gone, or has none while others can reach the listener."""
    if started and (table is None or not (table.secrets or started.is_loopback)):
        return started.secrets
    return table.secrets if table else NO_SECRETS


def _client(table: ClientTable) -> Client:
    newest, *former = table.call_secrets or (None,)
    return Client(
        key=table.id,
        public_keys=table.public_keys,
        clock_tolerance=timedelta(seconds=table.clock_tolerance_seconds),
        partner_id=table.partner_id,
        client_secret=newest,
        former_secrets=tuple(former),
        suspended=table.suspended,
        notification_keys=table.notification_keys,
    )


def log_setting_warnings(settings: Settings) -> None:
    """Log the warnings about the settings."""
    for warning in setting_warnings.of_settings(settings, system_clock()):
        warning.log()


@asynccontextmanager
async def log_state_warnings(settings: Settings) -> AsyncIterator[None]:
    """Log the warnings about the state engine before the block begins."""
    for warning in await setting_warnings.of_state(settings.state.url):
        warning.log()
    yield
