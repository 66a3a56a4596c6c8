"""Creates the services of a server from its settings."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from handlers.config import setting_warnings
from handlers.config.key_files import NO_SECRETS
from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable, Internal
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.services import Services
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.particulars import Particulars
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from handlers.state.outage import GuardedState, OutagePolicy
from handlers.state.revocation_cache import RevocationCache


def system_clock() -> datetime:
    """The time of this machine, as an aware datetime in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ProcessResources:
    """Resources that live as long as the process. A reload of keys and clients does not replace them.

    `internal` is the table at start. A reload can change only its secrets.
    """

    state: GuardedState
    revocations: RevocationCache
    outage_policy: OutagePolicy
    now: Callable[[], datetime]
    internal: Internal | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block runs, refresh the revocations and probe an unavailable state store. Then close the store."""
        try:
            async with self.revocations.refreshing(), self.state.probing(self.now):
                yield
        finally:
            await self.state.close()


def open_resources(settings: Settings, now: Callable[[], datetime] = system_clock) -> ProcessResources:
    """Open the state store that instances share.

    Raises:
        ValueError: The state store cannot be used.
    """
    outage_policy = OutagePolicy(settings.state.when_down)
    state = GuardedState(settings.state.url.open(starting=True), outage_policy)
    return ProcessResources(state, RevocationCache(state, outage_policy, now), outage_policy, now, settings.internal)


def clients_of(settings: Settings) -> Clients:
    """The clients in the settings."""
    return Clients([_client(table) for table in settings.clients])


def token_keys_of(settings: Settings) -> TokenKeys:
    """The keys that encrypt and decrypt tokens, and the lifetime of tokens."""
    file, lifetime = settings.token.keys_file, timedelta(seconds=settings.token.lifetime_seconds)
    return TokenKeys(file.keys, lifetime, file.retired_at)


def called_services_of(settings: Settings) -> Mapping[str, Service]:
    """The merchant's services that acquirers call, by path."""
    return {
        table.path: Service(
            table.service_code, table.methods, table.forms, table.refusal_members_file, table.signed_path
        )
        for table in settings.services
    }


def build_services(settings: Settings, resources: ProcessResources) -> Services:
    """Create the services that handlers need. From now on, the log masks the secrets of these settings."""
    SECRET_MASKER.learn(secrets_to_mask(settings))
    return Services(
        now=resources.now,
        clients=clients_of(settings),
        token_keys=token_keys_of(settings),
        state=resources.state,
        revocations=resources.revocations,
        outage_policy=resources.outage_policy,
        repeat=settings.token.repeat,
        called_services=called_services_of(settings),
        accel_redirect=resources.internal.accel_redirect if resources.internal else None,
        internal_secrets=_internal_secrets(settings.internal, resources.internal),
    )


def _internal_secrets(table: Internal | None, started: Internal | None) -> tuple[bytes, ...]:
    """The current secrets.

    If the table was deleted, the secrets from the start stay valid. They also stay if the table has no secret any more
    but other machines can reach the listener, because such a listener must never be without a secret.
    """
    if started and (table is None or not (table.secrets or started.is_loopback)):
        return started.secrets
    return table.secrets if table else NO_SECRETS


def _client(table: ClientTable) -> Client:
    newest, *older = table.call_secrets or (None,)
    return Client(
        key=table.id,
        public_keys=table.public_keys,
        clock_tolerance=timedelta(seconds=table.clock_tolerance_seconds),
        partner_id=table.partner_id,
        client_secret=newest,
        former_secrets=tuple(older),
        suspended=table.suspended,
        notification_keys=table.notification_keys,
        other_partner_ids=table.partner_ids[1:],
        particulars=particulars_of(table),
        allowed_networks=table.allowed_networks,
    )


def particulars_of(table: ClientTable) -> Particulars:
    """What differs between acquirers in the calls of this client."""
    return Particulars(**{each.name: getattr(table, each.name) for each in fields(Particulars)})


def log_setting_warnings(settings: Settings) -> None:
    """Log the warnings about the settings."""
    for warning in setting_warnings.of_settings(settings, system_clock()):
        warning.log()


@asynccontextmanager
async def log_state_warnings(settings: Settings) -> AsyncIterator[None]:
    """Log the warnings about the state store before the block begins."""
    for warning in await setting_warnings.of_state(settings.state.url):
        warning.log()
    yield
