"""Warnings about settings that are valid but risky. The log has them at start, and `serve --check` prints them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handlers.config.client_keys import client_keys
from handlers.config.environment import misspelt_variables
from handlers.config.names import KnownNames
from handlers.config.regular_files import read_regular_file
from handlers.config.setting_warning import SOON, SettingWarning
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable
from handlers.config.tls_warnings import tls_warnings
from handlers.snap.keys import ADVISED_BITS, fingerprint
from handlers.snap.particulars import without_prefix
from handlers.state.batches import within_timeout
from handlers.state.opening import StateUrl, has_password
from handlers.state.port import StateDownError
from handlers.state.postgresql.url import PostgresqlUrl

if TYPE_CHECKING:
    from redis.asyncio import Redis

_NO_EVICTION = "noeviction"

_UNSAFE = "state.url: PostgreSQL can lose its data when the power fails, because {0} is off; set {0} on"


def of_settings(settings: Settings, now: datetime) -> Iterator[SettingWarning]:
    """Warnings about the settings and their keys."""
    yield from _misspelt_variables()
    yield from _short_keys(settings)
    yield from _certificates(settings, now)
    yield from tls_warnings(settings, now)
    yield from _notifications(settings)
    yield from _signed_paths(settings)
    yield from _unused_prefixes(settings)
    yield from _shared_prefixes(settings)
    yield from _shared_signers(settings)
    yield from _unknown_addresses(settings)
    yield from _readable_password(settings)


def _misspelt_variables() -> Iterator[SettingWarning]:
    """Only a warning, because a variable with such a name can belong to another program."""
    for name, meant in misspelt_variables(KnownNames.of(Settings)):
        message = f"{name}: this environment variable sets nothing; did you mean {meant}?"
        yield SettingWarning("settings.variable_ignored", message, {"variable": name, "meant": meant})


def _short_keys(settings: Settings) -> Iterator[SettingWarning]:
    for found in client_keys(settings):
        if found.key.key_size < ADVISED_BITS:
            advice = f"ask for a key of {ADVISED_BITS} bits or more"
            message = f"{found.list_place}: a key of {found.key.key_size} bits is weak; {advice}"
            log_fields = {"client_key": found.client_id, "bits": found.key.key_size, "advised": ADVISED_BITS}
            yield SettingWarning("client.key_is_short", message, log_fields)


def _certificates(settings: Settings, now: datetime) -> Iterator[SettingWarning]:
    """An expired certificate is only a warning, because the server uses only the public key in it."""
    for found in client_keys(settings):
        end = found.certificate_end
        if end and end - now <= SOON:
            event, word = _expiry(end, now)
            message = f"{found.place}: the certificate {word} on {end:%Y-%m-%d}; ask for a new one"
            log_fields = {"client_key": found.client_id, "key": fingerprint(found.key), "not_after": end.isoformat()}
            yield SettingWarning(event, message, log_fields)


def _expiry(end: datetime, now: datetime) -> tuple[str, str]:
    return ("client.certificate_expired", "expired") if end <= now else ("client.certificate_ends", "ends")


def _notifications(settings: Settings) -> Iterator[SettingWarning]:
    """A service that accepts notifications needs keys that verify them, and such keys need a service."""
    accepting = [service.path for service in settings.services if "notification" in service.forms]
    clients = [client.id for client in settings.clients if client.notification_keys]
    if accepting and not clients:
        message = f'services: {accepting[0]} accepts "notification", but no client has notification_keys; add them'
        yield SettingWarning("service.refuses_all_notifications", message, {"paths": accepting})
    if clients and not accepting:
        message = f'clients: {clients[0]} has notification_keys, but no service has "notification" in forms; add it'
        yield SettingWarning("client.notification_keys_unused", message, {"client_keys": clients})


def _signed_paths(settings: Settings) -> Iterator[SettingWarning]:
    """A signature over the path of two services is valid for both. An asymmetric call with a token signs no path."""
    paths = Counter(service.signed_path or service.path for service in settings.services)
    is_symmetric = any(client.call_signature == "symmetric" for client in settings.clients)
    for number, service in enumerate(settings.services):
        place, log_fields = f"services[{number}]", {"path": service.path, "signed_path": service.signed_path}
        if service.signed_path and paths[service.signed_path] > 1:
            advice = "a call to one of them is also valid for the other"
            message = f"{place}.signed_path: another service has this path in its string to sign; {advice}"
            yield SettingWarning("service.signed_path_shared", message, log_fields)
        if service.signed_path and not (is_symmetric or "body-signed" in service.forms):
            advice = 'it needs "body-signed" in forms, or a client with call_signature = "symmetric"'
            message = f"{place}.signed_path: no signature of a call to {service.path} covers a path; {advice}"
            yield SettingWarning("service.signed_path_unused", message, log_fields)


def _unused_prefixes(settings: Settings) -> Iterator[SettingWarning]:
    paths = [service.path for service in settings.services if not service.signed_path]
    for number, client in enumerate(settings.clients):
        prefix = client.path_prefix_not_signed
        if prefix and all(without_prefix(prefix, path) == path for path in paths):
            rule = f"no path of a service begins with {prefix}/; correct one of the two"
            message = f"clients[{number}].path_prefix_not_signed: {rule}"
            yield SettingWarning("client.path_prefix_unused", message, {"client_key": client.id, "prefix": prefix})


def _shared_prefixes(settings: Settings) -> Iterator[SettingWarning]:
    """Without the prefix, the path of a service can be that of another. One signature is then valid for both."""
    for number, client in enumerate(settings.clients):
        prefix = client.path_prefix_not_signed
        signed = [service.signed_path or without_prefix(prefix, service.path) for service in settings.services]
        paths = [each.path for each, path in zip(settings.services, signed, strict=True) if signed.count(path) > 1]
        if any(without_prefix(prefix, path) != path for path in paths):
            advice = f"a call to one of {', '.join(paths)} is also valid for another"
            message = f"clients[{number}].path_prefix_not_signed: services have the same path without it; {advice}"
            log_fields = {"client_key": client.id, "prefix": prefix, "paths": paths}
            yield SettingWarning("client.path_prefix_shared", message, log_fields)


def _shared_signers(settings: Settings) -> Iterator[SettingWarning]:
    """A body-signed call names its client by X-PARTNER-ID, which no signature covers."""
    accepting = next((service.path for service in settings.services if "body-signed" in service.forms), None)
    first_owners: dict[str | bytes, str] = {}
    for client in settings.clients if accepting else ():
        owners = {first_owners.setdefault(signer, client.id) for signer in _body_signers(client)}
        for other in sorted(owners - {client.id}):
            advice = "one signature is valid for both; use one client with both values of partner_id"
            rule = f'have the same key or secret, and {accepting} accepts "body-signed"; {advice}'
            message = f"clients: {other} and {client.id} {rule}"
            yield SettingWarning("client.signer_shared", message, {"client_keys": [other, client.id]})


def _body_signers(client: ClientTable) -> set[str | bytes]:
    """What verifies the body-signed calls of a client: its secrets, or the fingerprints of its keys."""
    return set(client.call_secrets) if client.empty_token_slot else set(map(fingerprint, client.public_keys))


def addresses_are_unknown(settings: Settings) -> bool:
    """Whether a proxy can be in front of a listener that does not know it. At a Unix socket, every peer is known."""
    internal = settings.internal and not settings.internal.socket
    public = settings.server.is_loopback and not settings.server.socket
    return bool(public or internal) and not settings.server.trusted_proxies


def _unknown_addresses(settings: Settings) -> Iterator[SettingWarning]:
    """Without trusted proxies, the server sees the address of the proxy in place of the caller's."""
    clients = [client.id for client in settings.clients if client.allowed_networks]
    if clients and addresses_are_unknown(settings):
        advice = "list the addresses of your proxies"
        message = f"clients: {clients[0]} has allowed_networks, but server.trusted_proxies is empty; {advice}"
        yield SettingWarning("client.addresses_are_unknown", message, {"client_keys": clients})


def _readable_password(settings: Settings) -> Iterator[SettingWarning]:
    if _contains_password(settings.written) and (mistake := _access_mistake(settings.file)):
        message = f"state.url: the settings file contains its password, and {mistake}"
        yield SettingWarning("state.password_is_readable", message, {"file": str(settings.file)})


def _contains_password(written: Mapping[str, Any]) -> bool:
    """Whether the URL in the file has a password. This URL can be invalid if an environment variable replaces it."""
    match written:
        case {"state": {"url": str(url)}}:
            return has_password(url)
    return False


def _access_mistake(file: Path) -> str | None:
    """See `FileAccess.mistake`. None if the file was deleted since it was read, or its file system does not answer."""
    with suppress(TimeoutError):
        if access := read_regular_file(file).access:
            return access.mistake(file)
    return None


async def of_state(url: StateUrl) -> list[SettingWarning]:
    """Warnings about a Redis or PostgreSQL that can lose data. No warnings if it does not answer."""
    if database := url.postgresql():
        return await _of_postgresql(database)
    client = url.redis()
    if client is None:
        return []
    try:
        return list(_of_redis(await within_timeout(client.info()), await append_fsync(client)))
    except StateDownError:
        return []
    finally:
        await client.aclose()


async def append_fsync(client: "Redis") -> str | None:
    """`appendfsync`. None if this user may not read the configuration, as with many hosted services."""
    try:
        return (await within_timeout(client.config_get("appendfsync"))).get("appendfsync")
    except StateDownError:
        return None


def _of_redis(info: Mapping[str, Any], fsync: str | None) -> Iterator[SettingWarning]:
    if info.get("redis_mode") == "cluster":
        message = "state.url: Redis Cluster is not supported, because one command has several keys; use Redis Sentinel"
        yield SettingWarning("state.is_cluster", message, {"redis_mode": "cluster", "advised": "standalone"})
    policy = info.get("maxmemory_policy", _NO_EVICTION)
    if info.get("maxmemory") and policy != _NO_EVICTION:
        message = f"state.url: Redis can evict keys, and then accepts a replay; set maxmemory-policy {_NO_EVICTION}"
        yield SettingWarning("state.evicts", message, {"maxmemory_policy": policy, "advised": _NO_EVICTION})
    if not info.get("aof_enabled", 1):
        message = (
            "state.url: Redis does not write each change to disk, and can lose data when it stops; set appendonly yes"
        )
        yield SettingWarning("state.not_persistent", message, {"appendonly": "no", "advised": "yes"})
    elif fsync == "no":
        message = "state.url: Redis does not flush its file, and can lose half a minute when the power fails; set {}"
        fields = {"appendfsync": "no", "advised": "everysec"}
        yield SettingWarning("state.not_persistent", message.format("appendfsync everysec, or always"), fields)


async def _of_postgresql(url: PostgresqlUrl) -> list[SettingWarning]:
    read_settings = import_module("handlers.state.postgresql.durability").read_settings  # It needs an extra.
    try:
        settings = await read_settings(url)
    except StateDownError:
        return []
    found = [name for name in ("fsync", "full_page_writes") if settings[name] == "off"]
    return [
        SettingWarning("state.not_persistent", _UNSAFE.format(name), {name: "off", "advised": "on"}) for name in found
    ]
