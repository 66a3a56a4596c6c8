"""What `client add --preset` prints."""

import tomllib
from pathlib import Path

import pytest

from handlers.cli.preset_output import preset_text
from handlers.config.presets import presets
from handlers.config.settings import Settings

EVERY = list(presets())


@pytest.mark.parametrize("name", EVERY)
def test_every_row_has_its_source_and_its_confidence(name: str) -> None:
    """Each setting, note and service is printed with its source and its confidence."""
    preset = presets()[name]
    text = preset_text(name, preset, ())
    for row in (*preset.client.values(), *preset.services, *preset.notes):
        assert f"{row.confidence}: {row.source}\n" in text
    assert f"Preset {name} for {preset.acquirer}." in text
    assert all(note.text in text for note in preset.notes)
    assert ("It sets nothing." in text) == (not preset.client)


def test_the_settings_are_printed_as_toml() -> None:
    """A value is printed as the settings file writes it. A value that the client's table replaces is marked."""
    text = preset_text("mandiri", presets()["mandiri"], {"partner_id"})
    assert '  channel_id = "6021"\n    unconfirmed: one implementation\n' in text
    assert '  partner_id = "BMRI", not used because you gave another value\n' in text
    assert "external_id_max_length = 12\n" in preset_text("bri", presets()["bri"], ())


@pytest.mark.parametrize("name", EVERY)
def test_the_services_are_ready_for_the_settings(settings_file: Path, name: str) -> None:
    """The printed services are TOML that the settings accept, with the values of the preset."""
    _, _, printed = preset_text(name, presets()[name], ()).partition("\n[[services]]")
    snippet = f"[[services]]{printed}" if printed else ""
    settings_file.write_text(f"{settings_file.read_text()}\n{snippet}")
    loaded = Settings.load(settings_file).services
    assert len(loaded) == len(presets()[name].services)
    for table, row in zip(loaded, presets()[name].services, strict=True):
        assert (table.forms, table.methods, table.signed_path or "") == (row.forms, row.methods, row.signed_path)
        assert table.path == row.path or table.path.startswith("/your/path/")
        assert table.service_code == (row.service_code or "00")
    assert len(tomllib.loads(snippet).get("services", [])) == len(loaded)
