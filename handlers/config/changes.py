"""The differences between two versions of the settings, for the log: client IDs, fingerprints and names, no secrets."""

from collections.abc import Iterable, Mapping
from typing import Literal

from handlers.config.key_files import NO_SECRETS
from handlers.config.listener import Listener
from handlers.config.listeners import listeners_of
from handlers.config.settings import Settings
from handlers.config.table import Table
from handlers.config.tables import ClientTable, Internal
from handlers.config.watched_files import FileStamps
from handlers.snap.keys import fingerprint

_AT_START_ONLY = ("server", "state", "internal", "audit", "sandbox", "debug", "log")

_Names = dict[str, list[str]]
KeyPurpose = Literal["public_keys", "notification_keys"]


def changes(before: Settings, after: Settings) -> Mapping[str, object]:
    """Log fields: which clients, keys, token keys and services were added, removed or changed, and which values."""
    clients = [{table.id: table for table in each.clients} for each in (before, after)]
    services = [{table.path: table for table in each.services} for each in (before, after)]
    keys = [each.token.fingerprints for each in (before, after)]
    fields = {
        **_added_and_removed("clients", *clients),
        "clients_changed": {name: keys for name, keys in _changed_keys(*clients).items() if keys},
        "keys_added": _keys_missing_from(clients[1], clients[0], "public_keys"),
        "keys_removed": _keys_missing_from(clients[0], clients[1], "public_keys"),
        "notification_keys_added": _keys_missing_from(clients[1], clients[0], "notification_keys"),
        "notification_keys_removed": _keys_missing_from(clients[0], clients[1], "notification_keys"),
        **_added_and_removed("token_keys", *keys),
        **_added_and_removed("services", *services),
        "services_changed": [path for path, table in services[1].items() if services[0].get(path, table) != table],
        "values_changed": _values(before, after),
    }
    return {name: value for name, value in fields.items() if value}


def tables_that_need_restart(
    started: Settings, started_files: FileStamps, settings: Settings, files: FileStamps
) -> list[str]:
    """The tables that changed since the start, but that the server reads only at start.

    `started_files` are the stamps of the files at start. `files` are their current stamps.
    """
    differing = {name for name in _AT_START_ONLY if _fixed_part(started, name) != _fixed_part(settings, name)}
    key = started.sandbox.private_key_file
    if key in started_files and key in files and started_files[key].digest != files[key].digest:
        differing.add("sandbox")
    return [name for name in _AT_START_ONLY if name in differing]


def _fixed_part(settings: Settings, name: str) -> object:
    """The table without the values that a reload applies. A reload changes the pair of a listener with TLS."""
    table = getattr(settings, name)
    if not isinstance(table, Listener):
        return table
    reloaded = {"tls_certificate_file": table.tls is not None, "tls_key_file": None, "tls_minimum": None}
    secrets = {"secret_file": NO_SECRETS} if isinstance(table, Internal) else {}
    return table.model_copy(update={**reloaded, **secrets})


def _added_and_removed(name: str, before: Iterable[str], after: Iterable[str]) -> _Names:
    return {
        f"{name}_added": [each for each in after if each not in set(before)],
        f"{name}_removed": [each for each in before if each not in set(after)],
    }


def _changed_keys(before: Mapping[str, ClientTable], after: Mapping[str, ClientTable]) -> _Names:
    """The names of the keys that changed, for each client that is in both versions."""
    return {name: _differing(before[name], table) for name, table in after.items() if name in before}


def _differing(before: Table, after: Table) -> list[str]:
    fields = zip(type(after).model_fields, type(after).named_fields(), strict=True)
    return [key for name, key in fields if getattr(before, name) != getattr(after, name)]


def _keys_missing_from(
    clients: Mapping[str, ClientTable], others: Mapping[str, ClientTable], purpose: KeyPurpose
) -> _Names:
    """For each client, the fingerprints of its keys of one purpose that are not in `others`."""
    missing = {
        name: [
            fingerprint(key)
            for key in getattr(table, purpose)
            if not (name in others and key in getattr(others[name], purpose))
        ]
        for name, table in clients.items()
    }
    return {name: fingerprints for name, fingerprints in missing.items() if fingerprints}


def _values(before: Settings, after: Settings) -> list[str]:
    """The names of the changed single values that a reload applies."""
    names = [f"token.{name}" for name in _differing(before.token, after.token)]
    names += [f"limits.{name}" for name in _differing(before.limits, after.limits)]
    listeners = listeners_of(after)
    for name, earlier in listeners_of(before).items():
        later = listeners.get(name)
        if later and earlier.tls and later.tls:
            names += [f"{name}.{key}" for key in _differing(earlier, later) if key.startswith("tls_")]
    secrets = {each.internal.secrets for each in (before, after) if each.internal}
    return [*names, "internal.secret_file"] if len(secrets) > 1 else names
