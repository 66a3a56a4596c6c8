"""What the settings say about a bad value, for every key of every table: words, and no regular expression."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import tomlkit
from pydantic import BaseModel

from handlers.config.errors import SettingsError
from handlers.config.settings import Settings

BAD_VALUES: list[Any] = [
    *("", " ", "\u00e9\n", "A" * 5_000, "a b", "{", "-1", "1.5", "no"),
    *(-1, 0, 10**12, 1.5, float("inf"), True),
    *([], [""], [1], ["a b", {}], [[]], {}, {"x": 1}, [{"x": 1}]),
]
PROGRAMMERS_WORDS = re.compile(r"\^\[|pattern|Input should|String should|Field required|Value error|pydantic|type=")
LISTS: dict[str, dict[str, Any]] = {
    "clients": {"id": "A", "public_keys": ["IONPAYTEST.pem"]},
    "services": {"path": "/a", "service_code": "24"},
}


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


KEYS = [
    (table, key)
    for table, field in Settings.model_fields.items()
    for model in _models(field.annotation)
    for key in model.model_fields
]


def _said(file: Path, content: dict[str, Any]) -> list[str]:
    file.write_text(tomlkit.dumps(content))
    try:
        Settings.load(file)
    except SettingsError as error:
        return error.mistakes
    return []


@pytest.mark.parametrize(("table", "key"), KEYS, ids=str)
def test_a_bad_value_is_described_in_words(settings_file: Path, table: str, key: str) -> None:
    """No message has a regular expression or the words of a library. Each is one line that begins with its key."""
    said = []
    for value in BAD_VALUES:
        entry = {**LISTS.get(table, {}), key: value}
        content = {"clients": [LISTS["clients"]], table: [entry] if table in LISTS else entry}
        said += _said(settings_file, content)
    assert said, "no value is bad"
    assert [
        each for each in said if PROGRAMMERS_WORDS.search(each.partition(":")[2].replace(str(settings_file), ""))
    ] == []
    assert [each for each in said if "\n" in each or not re.match(rf"{table}\b", each)] == []


@pytest.mark.parametrize("table", Settings.model_fields)
def test_a_bad_table_is_described_in_words(settings_file: Path, table: str) -> None:
    """The same for a value in the place of a whole table."""
    said = [
        each for value in BAD_VALUES for each in _said(settings_file, {"clients": [LISTS["clients"]], table: value})
    ]
    assert said
    assert [each for each in said if PROGRAMMERS_WORDS.search(each)] == []
