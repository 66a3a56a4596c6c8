"""The page of the settings: it has every key of every table, with its default, its limits and its variable."""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from handlers.config.audit_table import Audit
from handlers.config.environment import ENVIRONMENT_PREFIX
from handlers.config.limits_table import Limits
from handlers.config.log_table import Log
from handlers.config.settings import Settings
from handlers.config.state_table import State
from handlers.config.table import Table
from handlers.config.tables import ClientTable, Debug, Internal, Sandbox, Server, ServiceTable, Token
from tests.pages import section

TABLES: dict[str, type[Table]] = {
    "server": Server,
    "token": Token,
    "state": State,
    "limits": Limits,
    "clients": ClientTable,
    "services": ServiceTable,
    "internal": Internal,
    "audit": Audit,
    "sandbox": Sandbox,
    "debug": Debug,
    "log": Log,
}
ONLY_IN_THE_FILE = {"clients", "services"}
FIELDS = {table: model.named_fields() for table, model in TABLES.items()}
KEYS = [pytest.param(table, key, id=f"{table}.{key}") for table in TABLES for key in FIELDS[table]]


def _rows(table: str) -> dict[str, tuple[str, str]]:
    """The default and the value of each key."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+?) \| (.+?) \| .+ \|$", _section(table), re.MULTILINE)
    return {key: (default, value) for key, default, value in rows}


def _section(table: str) -> str:
    return section("settings-reference", f"## {table}")


def _default(field: FieldInfo) -> str:
    """The value as TOML writes it."""
    if field.is_required():
        return "required"
    value: Any = field.default
    return "none" if value in (None, ()) else f"`{json.dumps(value, default=str)}`"


def _limits(field: FieldInfo) -> Iterator[str]:
    if get_origin(field.annotation) is Literal:
        yield from (f'`"{choice}"`' for choice in get_args(field.annotation))
    for limit in field.metadata:
        yield from (str(getattr(limit, name)) for name in ("ge", "le", "max_length") if hasattr(limit, name))


def test_it_has_every_table() -> None:
    """The page has a section for each table of the settings."""
    assert set(TABLES) == set(Settings.model_fields)
    assert all(map(_section, TABLES))


@pytest.mark.parametrize("table", TABLES)
def test_it_has_every_key(table: str) -> None:
    """The section of a table has a row for each of its keys, in their order, and no other."""
    assert list(_rows(table)) == list(FIELDS[table])


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_key_has_its_default_and_its_limits(table: str, key: str) -> None:
    """The default and the limits of a key are those of the settings."""
    field = FIELDS[table][key]
    default, value = _rows(table)[key]
    assert default == ("the `id`" if key == "partner_id" else _default(field))
    assert [limit for limit in _limits(field) if limit not in value.replace(",", "")] == []


@pytest.mark.parametrize("table", TABLES)
def test_it_has_every_variable(table: str) -> None:
    """The section of a table names the variable of each key, if variables can set it."""
    named = re.findall(rf"`({ENVIRONMENT_PREFIX}\w+)`", _section(table))
    wanted = [f"{ENVIRONMENT_PREFIX}{table}__{key}".upper() for key in FIELDS[table]]
    assert named == ([] if table in ONLY_IN_THE_FILE else wanted)
