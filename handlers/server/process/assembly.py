"""Creates the services of a server from its settings."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from handlers.audit.appender import TrailOptions
from handlers.audit.record import Record
from handlers.audit.writer import TrailWriter
from handlers.config import setting_warnings
from handlers.config.audit_table import Audit
from handlers.config.key_files import NO_SECRETS
from handlers.config.limits_table import Limits
from handlers.config.secrets_to_mask import secrets_to_mask
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable, Internal
from handlers.request_limits import RequestLimits
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.observability.metrics.definitions import (
    AUDIT_LINES,
    AUDIT_LINES_LOST,
    AUDIT_QUEUE,
    AUDIT_UP,
    STATE_UP,
)
from handlers.server.observability.metrics.exposition import Exposition, start_at_zero
from handlers.server.observability.metrics.samples import Samples
from handlers.server.observability.metrics.timers import StateTimer, time_verification
from handlers.server.observability.metrics.workers import shared_folder
from handlers.server.process.drain import Drain
from handlers.server.process.tls_contexts import pairs_of
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
    drain: Drain
    metrics: Exposition
    audit_trail: TrailWriter | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block runs, refresh the revocations, probe an unavailable state store, and sample the metrics.

        Then close the store. The audit trail is written during the whole block.
        """
        async with self.audit_trail.running() if self.audit_trail else nullcontext():
            try:
                async with self.revocations.refreshing(), self.state.probing(self.now), self.metrics.samples.running():
                    yield
            finally:
                await self.state.close()

    @asynccontextmanager
    async def recording_start_and_stop(self, settings: Mapping[str, object]) -> AsyncIterator[None]:
        """Write to the audit trail, if there is one, when the block begins and ends. `settings` describe the start."""
        self._record("server.started", settings)
        yield
        self._record("server.stopped", {})

    def _record(self, event: str, fields: Mapping[str, object]) -> None:
        if self.audit_trail:
            self.audit_trail.put(Record(event, self.now(), fields))


def open_resources(settings: Settings, now: Callable[[], datetime] = system_clock) -> ProcessResources:
    """Open the state store that instances share. The audit trail is not opened before it is written.

    Raises:
        ValueError: The state store, or the folder for the metrics of workers, cannot be used.
    """
    metrics = Exposition(shared_folder())
    start_at_zero()
    outage_policy = OutagePolicy(settings.state.when_down)
    state = GuardedState(settings.state.url.open(starting=True), outage_policy, StateTimer)
    revocations, drain = RevocationCache(state, outage_policy, now), Drain(settings.server.drain_seconds)
    metrics.samples.watch(STATE_UP, lambda: outage_policy.availability.up and revocations.is_fresh)
    trail = _audit_trail(settings.audit, now)
    if trail:
        _watch_audit_trail(metrics.samples, trail)
    return ProcessResources(state, revocations, outage_policy, now, settings.internal, drain, metrics, trail)


def trail_options(audit: Audit) -> TrailOptions:
    """How the audit trail of these settings is written."""
    return TrailOptions(audit.dir, audit.key_file, audit.rotate_bytes, audit.group, audit.durable)


def _audit_trail(audit: Audit | None, now: Callable[[], datetime]) -> TrailWriter | None:
    return TrailWriter(trail_options(audit), now, continues=audit.when_full == "continue") if audit else None


def _watch_audit_trail(samples: Samples, trail: TrailWriter) -> None:
    samples.watch(AUDIT_UP, lambda: trail.up)
    samples.watch(AUDIT_QUEUE, lambda: trail.lines_waiting)
    samples.count(AUDIT_LINES(), lambda: trail.lines_written)
    samples.count(AUDIT_LINES_LOST(), lambda: trail.lines_lost)


def clients_of(settings: Settings) -> Clients:
    """The clients in the settings."""
    return Clients([_client(table) for table in settings.clients])


def token_keys_of(settings: Settings) -> TokenKeys:
    """The keys that encrypt and decrypt tokens, and the lifetime of tokens."""
    file, lifetime = settings.token.keys_file, timedelta(seconds=settings.token.lifetime_seconds)
    return TokenKeys(file.keys, lifetime, file.retired_at)


def request_limits_of(limits: Limits) -> RequestLimits:
    """The limits of the settings. Nothing is counted yet, so each reload begins anew."""
    return RequestLimits(limits.client_requests_per_minute, limits.address_refusals_per_minute)


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
        request_limits=request_limits_of(settings.limits),
        called_services=called_services_of(settings),
        accel_redirect=resources.internal.accel_redirect if resources.internal else None,
        internal_secrets=_internal_secrets(settings.internal, resources.internal),
        is_draining=lambda: resources.drain.has_begun,
        certificate_end=min((pair.chain.end for pair in pairs_of(settings).values()), default=None),
        time_verification=time_verification,
        metrics=resources.metrics.render,
        audit_trail=resources.audit_trail,
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
        partner_ids=table.partner_ids,
        client_secret=newest,
        former_secrets=tuple(older),
        suspended=table.suspended,
        notification_keys=table.notification_keys,
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
