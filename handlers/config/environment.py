"""Environment variables that override the settings: `SNAP_TOKEN__SECTION__NAME`, in upper or lower case."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches

from handlers.config.names import NO_SUCH_KEY, KnownNames, similar

ENVIRONMENT_PREFIX = "SNAP_TOKEN__"

_SIMILAR = 0.9
"""The least similarity of two variables, as difflib measures it. Two wrong characters of 24 have 0.92."""

# Kubernetes sets such a variable for a service with the name `snap-token-server`.
_OF_KUBERNETES = re.compile(r"(tcp|udp|sctp)://")


def variable_mistake(name: str, known: KnownNames) -> str | None:
    """Why a variable sets nothing in these tables. None if it sets a key."""
    table, _, key = _path(name)
    tables = sorted(each for each in known.tables if each not in known.lists)
    if table not in tables:
        meant = _hint(_close(name, known))
        return f"does not name a table that a variable can set; use one of {', '.join(tables)}{meant}"
    if not key:
        return "does not name a key; write SNAP_TOKEN__TABLE__KEY"
    if key.partition("__")[0] not in known.tables[table]:
        meant_key = similar(key, known.tables[table])
        return f"{NO_SUCH_KEY}{_hint(meant_key and _variable(table, meant_key))}"
    return None


def variable_mistakes(known: KnownNames) -> list[str]:
    """One line for each variable that sets nothing. Pydantic-settings ignores them, but they may be typing errors."""
    return [f"{name}: {mistake}" for name in _names() if (mistake := variable_mistake(name, known))]


def misspelt_variables(known: KnownNames) -> Iterator[tuple[str, str]]:
    """Each variable without the exact prefix that resembles one of ours, and that one. Nothing reads the first."""
    for name, value in sorted(os.environ.items()):
        if name.upper().startswith("SNAP") and name not in _names() and not _OF_KUBERNETES.match(value):
            meant = _close(name, known)
            if meant:
                yield name, meant


def variable_of(location: tuple[int | str, ...]) -> str | None:
    """The name, as it is spelt, of the variable that set the key at this location. None if no variable set it."""
    return next((name for name in _names() if _sets(name, location)), None)


def _sets(name: str, location: tuple[int | str, ...]) -> bool:
    table, _, key = _path(name)
    return (table, key.partition("__")[0]) == location[:2]


def _names() -> list[str]:
    return sorted(name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX))


def _path(name: str) -> tuple[str, str, str]:
    return name.upper().removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")


def _close(name: str, known: KnownNames) -> str | None:
    """The variable that was probably meant by this name."""
    tables = {table: keys for table, keys in known.tables.items() if table not in known.lists}
    variables = [_variable(table, key) for table, keys in tables.items() for key in keys]
    return next(iter(get_close_matches(name.upper(), variables, 1, _SIMILAR)), None)


def _variable(table: str, key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{table}__{key}".upper()


def _hint(meant: str | None) -> str:
    return f"; did you mean {meant}?" if meant else ""
