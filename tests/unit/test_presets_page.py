"""The documentation's table of presets equals the data file."""

import json
import re
from collections.abc import Iterator

import pytest

from handlers.config.presets import Preset, presets
from tests.pages import page

ROW = re.compile(
    r"^\| (?P<acquirer>[^|]+) \| `(?P<name>[a-z-]+)` \| (.+?) \| (.+?) \| (.+?) \| (?P<source>.+?) \|$", re.MULTILINE
)
WORDS = {"en": ("none", "confirmed", "unconfirmed"), "id": ("tidak ada", "dikonfirmasi", "belum dikonfirmasi")}


def _settings(preset: Preset) -> Iterator[str]:
    for key, setting in preset.client.items():
        yield f"`{key} = {json.dumps(setting.value)}`"
    yield from (f'`signed_path = "{service.signed_path}"`' for service in preset.services if service.signed_path)


def _confidence(preset: Preset, confirmed: str, unconfirmed: str) -> str:
    """One word if it is the same for all rows, else the keys that are unconfirmed."""
    rows = {row.confidence for row in (*preset.client.values(), *preset.services)}
    if len(rows) == 1:
        return confirmed if rows == {"confirmed"} else unconfirmed
    keys = (f"`{key}`" for key, setting in preset.client.items() if setting.confidence == "unconfirmed")
    return f"{unconfirmed}: {', '.join(keys)}"


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_table_has_every_preset(language: str) -> None:
    """Each preset has one row, in the order of the data file."""
    assert [row["name"] for row in ROW.finditer(page("authorising-calls", language))] == list(presets())


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("name", presets())
def test_a_row_equals_its_preset(language: str, name: str) -> None:
    """The row has the forms of the services, the settings and their confidence. Its source is never a guess."""
    none, confirmed, unconfirmed = WORDS[language]
    preset = presets()[name]
    rows = {row["name"]: row for row in ROW.finditer(page("authorising-calls", language))}
    _, _, forms, settings, confidence, _ = rows[name].groups()
    accepted = dict.fromkeys(form for service in preset.services for form in service.forms)
    assert forms == ", ".join(f"`{form}`" for form in accepted or ("token",))
    assert settings == (", ".join(_settings(preset)) or none)
    assert confidence == _confidence(preset, confirmed, unconfirmed)
    if language == "en":
        assert rows[name]["acquirer"] == preset.acquirer
        assert ("one implementation" in rows[name]["source"]) == ("implementation" in str(preset.client.values()))
