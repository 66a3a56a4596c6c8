"""The presets: the data file, and how a client uses one."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from handlers.config.presets import Preset, presets
from handlers.config.settings import Settings, SettingsError

CLIENT = '[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'
ROW = {"source": "a document", "confidence": "confirmed"}
ACQUIRERS = ["nicepay", "nicepay-niva", "bca", "bri", "mandiri", "ocbc", "doku", "faspay", "winpay", "bank-neo"]
ACQUIRERS += ["midtrans", "dana", "payermax", "paylabs"]


@pytest.fixture
def folder(settings_file: Path) -> Path:
    """The folder of the settings, with a secret file in it."""
    file = settings_file.with_name("a.secret")
    file.write_text("0123456789abcdef")
    file.chmod(0o600)
    return settings_file.parent


def _loaded(folder: Path, lines: str, services: str = "") -> Settings:
    file = folder / "snap-token.toml"
    file.write_text(f'{services}\n{CLIENT}client_secret_file = "a.secret"\n{lines}')
    return Settings.load(file)


def test_every_acquirer_has_a_preset() -> None:
    """The data file has the acquirers of the documentation."""
    assert list(presets()) == ACQUIRERS


@pytest.mark.parametrize("name", ACQUIRERS)
def test_a_preset_fills_the_settings(folder: Path, name: str) -> None:
    """Every value of a preset is a valid value of the client, and the client has it."""
    client = _loaded(folder, f'preset = "{name}"').clients[0]
    for key, setting in presets()[name].client.items():
        assert getattr(client, key) == setting.value
    assert client.preset == name


@pytest.mark.parametrize("name", ACQUIRERS)
def test_what_a_single_implementation_does_is_unconfirmed(name: str) -> None:
    """A row whose source is one implementation is unconfirmed, and its source says so."""
    preset = presets()[name]
    for row in (*preset.client.values(), *preset.services, *preset.notes):
        assert row.confidence == "unconfirmed" or "implementation" not in row.source


def test_the_client_wins_over_its_preset(folder: Path) -> None:
    """A key in the client's table has its own value, also if that is the default, and the preset fills the others."""
    client = _loaded(folder, 'preset = "bca"\nexternal_id_format = "visible"\npartner_id = "12345"').clients[0]
    assert (client.external_id_format, client.partner_id) == ("visible", "12345")
    assert (client.channel_id, client.call_signature, client.external_id_max_length) == ("95231", "symmetric", 36)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("bcaa", "did you mean bca?"),
        ("BCA", "did you mean bca?"),
        ("nicepai", "did you mean nicepay or nicepay-niva?"),
        ("zzz", f"the presets are: {', '.join(ACQUIRERS)}"),
        ("", f"the presets are: {', '.join(ACQUIRERS)}"),
    ],
)
def test_an_unknown_preset_is_one_mistake(folder: Path, name: str, nearest: str) -> None:
    """The message has the nearest names, or all names if none is near."""
    with pytest.raises(SettingsError) as refusal:
        _loaded(folder, f'preset = "{name}"')
    mistake = f"clients[0].preset: there is no preset of this name; {nearest}"
    assert refusal.value.mistakes == [mistake]


@pytest.mark.parametrize("value", ["5", "[]", "true", '["bca"]'])
def test_a_preset_is_a_text(folder: Path, value: str) -> None:
    """Anything but a text is one mistake."""
    with pytest.raises(SettingsError) as refusal:
        _loaded(folder, f"preset = {value}")
    assert refusal.value.mistakes == ["clients[0].preset: must be text in quotes"]


def test_a_value_of_a_preset_needs_what_it_always_needs(folder: Path) -> None:
    """A preset that sets the symmetric signature needs the file of the secret."""
    (folder / "snap-token.toml").write_text(f'{CLIENT}preset = "bca"')
    with pytest.raises(SettingsError, match="client_secret_file: required because call_signature is"):
        Settings.load(folder / "snap-token.toml")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client": {"id": {"value": "A", **ROW}}},
        {"client": {"channel_id": {"value": "1"}}},
        {"client": {"channel_id": {"value": "1", "source": "", "confidence": "confirmed"}}},
        {"client": {"channel_id": {"value": "1", "source": "a document", "confidence": "likely"}}},
        {"services": [{"forms": ["tokens"], **ROW}]},
        {"settings": {}},
    ],
)
def test_the_data_file_is_checked(wrong: dict[str, object]) -> None:
    """A row needs a source and a confidence, and sets only keys that a preset may set."""
    with pytest.raises(ValidationError):
        Preset.model_validate({"acquirer": "A bank", **wrong})


def test_the_data_file_is_part_of_the_package() -> None:
    """The file lies beside its reader in the package, so every installation has it."""
    text = files("handlers.config").joinpath("presets.toml").read_text(encoding="utf-8")
    assert list(tomllib.loads(text)) == ACQUIRERS
