"""Edit the text of a settings file. Comments and blank lines stay."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Comment, InlineTable, Item, Table, Whitespace

from handlers.cli.errors import UsageError
from handlers.config.file_content import read_text


def with_client(config: Path, client: Mapping[str, object]) -> str:
    """The text of the settings with this client added after the last one.

    Raises:
        UsageError: the settings cannot be read, have a client with this ID, or have clients that are not [[clients]].
    """
    document = _parsed(config)
    table = tomlkit.table()
    table.update(client)
    clients = document.get("clients")
    if clients is None:
        document.add(tomlkit.nl())
        document.append("clients", tomlkit.aot())
        document["clients"].append(table)
    elif isinstance(clients, AoT):
        _require_new(str(client["id"]), clients, config)
        _append(clients, table)
    else:
        message = f"{config}: the clients are not [[clients]] tables; write them as such tables, and run this again"
        raise UsageError(message)
    text = document.as_string()
    _require_utf8(text)
    return text


def with_suspended(config: Path, index: int, *, suspended: bool) -> str:
    """The text of the settings, which are valid, with this value of `suspended` for the client at this index."""
    document = _parsed(config)
    table = cast("list[Table | InlineTable]", document["clients"])[index]
    trailing = _pop_trailing(table)
    table["suspended"] = suspended
    _append_items(table, trailing)
    return document.as_string()


def _parsed(config: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(f"{read_text(config).rstrip()}\n")
    except (TOMLKitError, RecursionError) as error:
        message = f"{config}: {error}"
        raise UsageError(message) from error
    except (ValueError, TimeoutError) as error:
        raise UsageError(str(error)) from error


def _require_new(client: str, clients: AoT, config: Path) -> None:
    if client in (table.get("id") for table in clients):
        message = f"{config}: clients[{len(clients)}].id: another client has this id"
        raise UsageError(message)


def _append(tables: AoT, table: Table) -> None:
    """Add the table after a blank line, and before the comments that follow the last table."""
    trailing = _pop_trailing(tables[-1])
    _append_items(tables[-1], [tomlkit.nl()])
    tables.append(table)
    _append_items(table, trailing)


def _require_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "one of the options is not valid UTF-8; the settings file must be UTF-8"
        raise UsageError(message) from error


def _pop_trailing(table: Table | InlineTable) -> list[Item]:
    """Remove and return the blank lines and comments at the end of a table. They may belong to the next table."""
    body, trailing = table.value.body, list[Item]()
    while body and isinstance(body[-1][1], Comment | Whitespace):
        trailing.insert(0, body.pop()[1])
    return trailing


def _append_items(table: Table | InlineTable, items: list[Item]) -> None:
    for item in items:
        table.value.append(None, item)
