"""What differs between two sets of settings, for the log: client ids, fingerprints and names, nothing secret."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from handlers.config.key_files import NO_SECRETS
from handlers.config.settings import Settings
from handlers.config.tables import ClientTable, Internal
from handlers.config.watched_files import FileStamps
from handlers.snap.keys import fingerprint

_AT_START_ONLY = ("server", "state", "internal", "sandbox", "debug")

_Names = dict[str, list[str]]


def changes(before: Settings, after: Settings) -> Mapping[str, object]:
    """Fields of a log line: what was added, removed and changed of clients, keys, token keys, services and values."""
    clients = [{table.id: table for table in each.clients} for each in (before, after)]
    services = [{table.path: table.service_code for table in each.services} for each in (before, after)]
    keys = [each.token.fingerprints for each in (before, after)]
    found = {
        **_of_names("clients", *clients),
        "clients_changed": {name: fields for name, fields in _fields(*clients).items() if fields},
        "keys_added": _keys_beyond(clients[1], clients[0]),
        "keys_removed": _keys_beyond(clients[0], clients[1]),
        **_of_names("token_keys", *keys),
        **_of_names("services", *services),
        "services_changed": [path for path, code in services[1].items() if services[0].get(path, code) != code],
        "values_changed": _values(before, after),
    }
    return {name: what for name, what in found.items() if what}


def unread(started: Settings, files: FileStamps, settings: Settings, now: FileStamps) -> list[str]:
    """The tables that hold only from the next start on, and have changed since the start.

    `files` are the files as they were read at the start, and `now` as they are.
    """
    differing = {name for name in _AT_START_ONLY if _held(started, name) != _held(settings, name)}
    key = started.sandbox.private_key_file
    if key in files and key in now and files[key].digest != now[key].digest:
        differing.add("sandbox")
    return [name for name in _AT_START_ONLY if name in differing]


def _held(settings: Settings, name: str) -> object:
    """The table without the values that hold at once."""
    table = getattr(settings, name)
    return table.model_copy(update={"secret_file": NO_SECRETS}) if isinstance(table, Internal) else table


def _of_names(name: str, before: Iterable[str], after: Iterable[str]) -> _Names:
    return {
        f"{name}_added": [each for each in after if each not in set(before)],
        f"{name}_removed": [each for each in before if each not in set(after)],
    }


def _fields(before: Mapping[str, ClientTable], after: Mapping[str, ClientTable]) -> _Names:
    """Of each client that was there before, the names of what has changed."""
    return {name: _differing(before[name], table) for name, table in after.items() if name in before}


def _differing(before: BaseModel, after: BaseModel) -> list[str]:
    return [name for name in type(after).model_fields if getattr(before, name) != getattr(after, name)]


def _keys_beyond(clients: Mapping[str, ClientTable], others: Mapping[str, ClientTable]) -> _Names:
    """By client: the fingerprints of its public keys that the others lack."""
    found = {
        name: [
            fingerprint(key) for key in table.public_keys if not (name in others and key in others[name].public_keys)
        ]
        for name, table in clients.items()
    }
    return {name: fingerprints for name, fingerprints in found.items() if fingerprints}


def _values(before: Settings, after: Settings) -> list[str]:
    """The names of single values that have changed and hold at once."""
    names = [f"token.{name}" for name in _differing(before.token, after.token)]
    secrets = {each.internal.secrets for each in (before, after) if each.internal}
    return [*names, "internal.secret_file"] if len(secrets) > 1 else names
