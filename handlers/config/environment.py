"""Variables of the environment that override the settings: `SNAP_TOKEN__SECTION__NAME`, in either case."""

import os
from collections.abc import Collection

ENVIRONMENT_PREFIX = "SNAP_TOKEN__"


def strangeness(name: str, tables: Collection[str]) -> str | None:
    """Why a variable sets nothing in these tables; None if it does set something."""
    table, _, key = _path(name)
    if table not in tables:
        return f"names no table that a variable can set; those are {', '.join(sorted(tables))}"
    return None if key else "names no key of its table"


def strange_variables(tables: Collection[str]) -> list[str]:
    """Pydantic-settings passes over variables of no known table; a typing error must not."""
    return [f"{name}: {strange}" for name in _names() if (strange := strangeness(name, tables))]


def variable_of(location: tuple[int | str, ...]) -> str | None:
    """The variable, as it is spelt, that set what stands at this place; None if the file or a default did."""
    return next((name for name in _names() if _sets(name, location)), None)


def _sets(name: str, location: tuple[int | str, ...]) -> bool:
    table, _, key = _path(name)
    return (table, key.partition("__")[0]) == location[:2]


def _names() -> list[str]:
    return sorted(name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX))


def _path(name: str) -> tuple[str, str, str]:
    return name.upper().removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
