"""Environment variables that override the settings: `SNAP_TOKEN__SECTION__NAME`, in upper or lower case."""

import os
from collections.abc import Collection

ENVIRONMENT_PREFIX = "SNAP_TOKEN__"


def variable_mistake(name: str, tables: Collection[str]) -> str | None:
    """Why a variable sets nothing in these tables. None if it sets a key."""
    table, _, key = _path(name)
    if table not in tables:
        return f"does not name a table that a variable can set; use one of {', '.join(sorted(tables))}"
    return None if key else "does not name a key; write SNAP_TOKEN__TABLE__KEY"


def variable_mistakes(tables: Collection[str]) -> list[str]:
    """One line for each variable that sets nothing. Pydantic-settings ignores them, but they may be typing errors."""
    return [f"{name}: {mistake}" for name in _names() if (mistake := variable_mistake(name, tables))]


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
