"""The presets: what public sources say about the calls of each acquirer. The data is in `presets.toml`."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from handlers.config.names import similar
from handlers.config.table import Table
from handlers.config.text_fields import Method
from handlers.snap.call_form import CallForm
from handlers.snap.service import DEFAULT_METHODS

Confidence = Literal["confirmed", "unconfirmed"]

SettingName = Literal["call_signature", "partner_id", "channel_id", "external_id_format", "external_id_max_length"]
"""The keys of a client that a preset may set."""


class _Row(Table):
    """One statement about an acquirer: where it stands, and whether the acquirer itself says it."""

    source: str = Field(min_length=1)
    confidence: Confidence


class PresetSetting(_Row):
    """The value of one key of the client."""

    value: str | int


class PresetService(_Row):
    """One path that the acquirer calls.

    `path` is empty if the merchant chooses it. `service_code` is empty if no source prints it.
    """

    path: str = ""
    service_code: str = ""
    methods: tuple[Method, ...] = DEFAULT_METHODS
    forms: tuple[CallForm, ...]
    signed_path: str = ""


class PresetNote(_Row):
    """One sentence about what a preset cannot set."""

    text: str = Field(min_length=1)


class Preset(Table):
    """What the sources say about one acquirer."""

    acquirer: str = Field(min_length=1)
    client: Mapping[SettingName, PresetSetting] = {}
    services: tuple[PresetService, ...] = ()
    notes: tuple[PresetNote, ...] = ()


@lru_cache
def presets() -> Mapping[str, Preset]:
    """Every preset by its name, in the order of the data file."""
    text = files("handlers.config").joinpath("presets.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Preset]).validate_python(tomllib.loads(text))


def with_preset(table: object) -> object:
    """Return a table of a client in which its preset has filled the keys that the table does not have.

    Anything that is not a table with a known preset is returned unchanged, because the rules of the fields report it.
    """
    match table:
        case {"preset": str(name), **others} if name in presets():
            filled: dict[object, object] = {key: each.value for key, each in presets()[name].client.items()}
            return filled | others | {"preset": name}
    return table


def _require_known(name: str) -> str:
    known = list(presets())
    if name not in known:
        nearest = similar(name, known)
        names = f"did you mean {nearest}?" if nearest else f"the presets are: {', '.join(known)}"
        message = f"there is no preset of this name; {names}"
        raise ValueError(message)
    return name


PresetName = Annotated[str, AfterValidator(_require_known)]
"""The name of a preset."""
