"""Names in the settings that do not exist. Each is one mistake, with the name that was probably meant."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Self, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from handlers.config.table import Table

NO_SUCH_KEY = "there is no such key"

_SIMILAR = 0.74
"""The least similarity of two names, as difflib measures it. `prot` and `port` have 0.75."""

_WORD = re.compile(r"[A-Za-z][a-z]+")


def similar(name: str, names: Collection[str]) -> str | None:
    """The name that was probably meant. None if no name is similar, or several contain the same words."""
    plain = {_plain(each): each for each in names}
    close = get_close_matches(_plain(name), plain, 1, _SIMILAR)
    if close:
        return plain[close[0]]
    words = _words(name)
    longer = [each for each in names if words and words <= _words(each)]
    found = longer or [each for each in names if _words(each) <= words]
    return found[0] if len(found) == 1 else None


def _plain(name: str) -> str:
    """The name without case, hyphens and underscores, so that `partnerId` and `partner-id` are `partner_id`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The tables of the settings, and the keys of each. There can be several of the tables in `lists`."""

    tables: Mapping[str, Collection[str]]
    lists: Collection[str]

    @classmethod
    def of(cls, settings: type[BaseModel]) -> Self:
        """The names in a model of the settings."""
        fields = settings.model_fields.items()
        return cls(
            {name: _table(each.annotation).named_fields() for name, each in fields},
            [name for name, each in fields if get_origin(each.annotation) is tuple],
        )

    def meant(self, name: str, value: object, table: str | None) -> str | None:
        """The key of the table that was probably meant, or the table if `table` is None."""
        if table:
            return similar(name, self.tables[table])
        is_table = isinstance(value, dict) or (isinstance(value, list) and value)
        return similar(name, self.tables) or self._with_keys_of(value) if is_table else None

    def _with_keys_of(self, value: object) -> str | None:
        """The only table that has all keys of the value. None if the value is not a table or several tables fit."""
        entry = value[0] if isinstance(value, list) and value else value
        keys = set(entry) if isinstance(entry, dict) else set()
        fitting = [table for table, known in self.tables.items() if keys and keys <= set(known)]
        return fitting[0] if len(fitting) == 1 else None

    def elsewhere(self, name: str, table: str | None) -> str:
        """Where the name belongs, as the end of a message. Empty if it resembles no name at all."""
        if table and name in self.tables:
            return f"; write {self.heading(name)}"
        owners = [self.heading(each) for each, known in self.tables.items() if name in known]
        if owners:
            return f"; it belongs to {' or '.join(owners)}"
        found = ((each, similar(name, known)) for each, known in self.tables.items())
        keys = [f"{key} in {self.heading(each)}" for each, key in found if key]
        return f"; did you mean {keys[0]}?" if keys else ""

    def heading(self, table: str) -> str:
        """The line of TOML with which the table begins."""
        return f"[[{table}]]" if table in self.lists else f"[{table}]"


def _table(annotation: object) -> type[Table]:
    parts = (annotation, *get_args(annotation))
    return next(each for each in parts if isinstance(each, type) and issubclass(each, Table))


@dataclass(slots=True)
class NameCheck:
    """The names in one settings file.

    `mistakes` has one line for each unknown name. `content` has the names that were meant in their place, so that the
    rules between values find no mistakes that only follow from a wrong name.
    """

    known: KnownNames
    content: dict[str, Any] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    _renamed: set[tuple[str, str]] = field(default_factory=set)
    _unknown: set[str] = field(default_factory=set)

    def check(self, content: Mapping[str, Any]) -> None:
        """Check the names of the tables, and the keys in each table."""
        for name, value in self._renamed_in(content, None, "").items():
            shaped = self._shaped(name, value)
            entries = shaped if isinstance(shaped, list) else [shaped]
            places = [f"{name}[{number}]" for number in range(len(entries))] if name in self.known.lists else [name]
            checked = [
                self._renamed_in(entry, name, place) if isinstance(entry, dict) else entry
                for entry, place in zip(entries, places, strict=False)
            ]
            self.content[name] = checked if isinstance(shaped, list) else checked[0]

    def follows(self, mistake: ErrorDetails) -> bool:
        """Whether a mistake in a value only follows from a mistake in a name."""
        table, *keys = mistake["loc"]
        is_missing = mistake["type"] == "missing"
        return any((table, key) in self._renamed or (is_missing and key in self._unknown) for key in keys)

    def _shaped(self, name: str, value: object) -> object:
        """The value as a list of tables or as one table. The other form is a mistake in the brackets."""
        is_list = name in self.known.lists
        match value:
            case dict() if is_list:
                self.mistakes.append(f"{name}: write [[{name}]], with two brackets on each side")
                nested = [each for each in value.values() if isinstance(each, dict)]
                is_nested = len(nested) == len(value) > 0  # [clients.NAME]: the name may stand for a required key.
                self._unknown |= set(self.known.tables[name]) if is_nested else set()
                return nested if is_nested else [value]
            case [dict(), *_] if not is_list:
                self.mistakes.append(f"{name}: write [{name}], with one bracket on each side, and only once")
                return value[0]
        return value

    def _renamed_in(self, content: Mapping[str, Any], table: str | None, place: str) -> dict[str, Any]:
        """The content, in which each unknown name is replaced with the name that was meant, or left out."""
        known = self.known.tables[table] if table else self.known.tables
        renamed = {name: value for name, value in content.items() if name in known}
        for name, value in content.items():
            if name not in known:
                meant = self.known.meant(name, value, table)
                self.mistakes.append(f"{place}.{name}".lstrip(".") + f": {NO_SUCH_KEY}{self._hint(name, meant, table)}")
                self._unknown.add(name)
                if meant and meant not in content:
                    renamed[meant] = value
                    self._renamed |= {(table, meant)} if table else set()
        return renamed

    def _hint(self, name: str, meant: str | None, table: str | None) -> str:
        if meant is None:
            return self.known.elsewhere(name, table)
        return f"; did you mean {meant if table else self.known.heading(meant)}?"
