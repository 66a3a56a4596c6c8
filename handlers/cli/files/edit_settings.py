"""Changes to the file of the settings that leave every comment and blank line where it belongs."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Comment, InlineTable, Item, Table, Whitespace

from handlers.cli.errors import UsageError
from handlers.config.key_files import read_text


def with_client(config: Path, client: Mapping[str, object]) -> str:
    """The text of the settings with one more client, after the last.

    Raises:
        MisuseError: they cannot be read, have a client with this id, or have their clients in another form.
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
        message = f"{config}: give each client a table of its own, headed [[clients]], and run this again"
        raise UsageError(message)
    return _in_utf8(document.as_string())


def with_suspended(config: Path, place: int, *, suspended: bool) -> str:
    """The text of the settings, which are good, with the client at this place suspended or not."""
    document = _parsed(config)
    table = cast("list[Table | InlineTable]", document["clients"])[place]
    after = _without_end(table)
    table["suspended"] = suspended
    _end_with(table, after)
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
    """The new table after a blank line, and before what stands between the last one and the rest of the file."""
    after = _without_end(tables[-1])
    _end_with(tables[-1], [tomlkit.nl()])
    tables.append(table)
    _end_with(table, after)


def _in_utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "the settings are text in UTF-8, and one of the options is not"
        raise UsageError(message) from error
    return text


def _without_end(table: Table | InlineTable) -> list[Item]:
    """Take off the blank lines and comments at the end of a table: they may belong to what comes next."""
    body, end = table.value.body, list[Item]()
    while body and isinstance(body[-1][1], Comment | Whitespace):
        end.insert(0, body.pop()[1])
    return end


def _end_with(table: Table | InlineTable, end: list[Item]) -> None:
    for item in end:
        table.value.append(None, item)
