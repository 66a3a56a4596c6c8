"""What `snap-token client add --preset` prints: what the preset sets, and the services that the acquirer calls."""

from collections.abc import Container, Iterator

import tomlkit

from handlers.config.presets import Preset, PresetService, PresetSetting

_HEAD = """
Preset {name} for {acquirer}. "unconfirmed" means: ask the acquirer before you rely on it.
"""
_SERVICES = """
The acquirer calls these services. Add those that you offer to the settings, each with your beginning of the path:
"""


def preset_text(name: str, preset: Preset, own_keys: Container[str]) -> str:
    """Return what the preset sets and what it cannot set, each with its source, and the services as TOML.

    `own_keys` are the keys that the client's table has. They win over the preset.
    """
    head = _HEAD.format(name=name, acquirer=preset.acquirer)
    settings = [_setting(key, setting, own=key in own_keys) for key, setting in preset.client.items()]
    notes = [f"  Note: {note.text}\n    {note.confidence}: {note.source}\n" for note in preset.notes]
    return "".join([head, *(settings or ["  It sets nothing.\n"]), *notes, *_services(preset)])


def _setting(key: str, setting: PresetSetting, *, own: bool) -> str:
    unused = ", not used because you gave another value" if own else ""
    return f"  {key} = {_toml(setting.value)}{unused}\n    {setting.confidence}: {setting.source}\n"


def _services(preset: Preset) -> Iterator[str]:
    if preset.services:
        yield _SERVICES
    for number, service in enumerate(preset.services, 1):
        yield f"\n[[services]] # {service.confidence}: {service.source}\n"
        yield from (f"{line}\n" for line in _lines(service, number))


def _lines(service: PresetService, number: int) -> Iterator[str]:
    yield f"path = {_toml(service.path)}" if service.path else f'path = "/your/path/{number}" # you choose the path'
    code = service.service_code
    yield f"service_code = {_toml(code)}" if code else 'service_code = "00" # no source has it; ask the acquirer'
    for key in ("methods", "forms", "signed_path"):
        if key in service.model_fields_set:
            yield f"{key} = {_toml(getattr(service, key))}"


def _toml(value: object) -> str:
    return tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()
