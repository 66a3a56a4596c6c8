"""The presets: the data file, and how a client uses one."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError

from handlers.config.presets import Preset, presets
from tests.settings_text import loaded, mistakes_in

pytestmark = pytest.mark.usefixtures("secret_file")

CLIENT = '[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'
ROW = {"source": "a document", "confidence": "confirmed"}
ACQUIRERS = ["nicepay", "nicepay-niva", "bca", "bri", "mandiri", "ocbc", "doku", "faspay", "winpay", "bank-neo"]
ACQUIRERS += ["midtrans", "dana", "payermax", "paylabs"]


def _with(lines: str) -> str:
    """Settings with a client that has a secret and these lines."""
    return f'{CLIENT}client_secret_file = "a.secret"\n{lines}'


def test_every_acquirer_has_a_preset() -> None:
    """The data file has the acquirers of the documentation."""
    assert list(presets()) == ACQUIRERS


@pytest.mark.parametrize("name", ACQUIRERS)
def test_a_preset_fills_the_settings(settings_file: Path, name: str) -> None:
    """Every value of a preset is a valid value of the client, and the client has it."""
    client = loaded(settings_file, _with(f'preset = "{name}"')).clients[0]
    for key, setting in presets()[name].client.items():
        assert getattr(client, key) == setting.value
    assert client.preset == name


@pytest.mark.parametrize("name", ACQUIRERS)
def test_what_a_single_implementation_does_is_unconfirmed(name: str) -> None:
    """A row whose source is one implementation is unconfirmed, and its source says so."""
    preset = presets()[name]
    for row in (*preset.client.values(), *preset.services, *preset.notes):
        assert row.confidence == "unconfirmed" or "implementation" not in row.source


def test_the_client_wins_over_its_preset(settings_file: Path) -> None:
    """A key in the client's table has its own value, also if that is the default, and the preset fills the others."""
    client = loaded(
        settings_file, _with('preset = "bca"\nexternal_id_format = "visible"\npartner_id = "12345"')
    ).clients[0]
    assert (client.external_id_format, client.partner_id) == ("visible", "12345")
    assert (client.channel_id, client.call_signature, client.external_id_max_length) == ("95231", "symmetric", 36)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("bcaa", "did you mean bca?"),
        ("BCA", "did you mean bca?"),
        ("nicepai", "did you mean nicepay?"),
        ("NICEPAY_NIVA", "did you mean nicepay-niva?"),
        ("Bank Mandiri", "did you mean mandiri?"),
        ("bni", f"the presets are: {', '.join(ACQUIRERS)}"),
        ("permata", f"the presets are: {', '.join(ACQUIRERS)}"),
        ("", f"the presets are: {', '.join(ACQUIRERS)}"),
    ],
)
def test_an_unknown_preset_is_one_mistake(settings_file: Path, name: str, nearest: str) -> None:
    """The message has the nearest name, or all names if none is near. Another bank with a similar name is not near."""
    mistake = f"clients[0].preset: there is no preset of this name; {nearest}"
    assert mistakes_in(settings_file, _with(f'preset = "{name}"')) == [mistake]


@pytest.mark.parametrize("value", ["5", "[]", "true", '["bca"]'])
def test_a_preset_is_a_text(settings_file: Path, value: str) -> None:
    """Anything but a text is one mistake."""
    assert mistakes_in(settings_file, _with(f"preset = {value}")) == ["clients[0].preset: must be text in quotes"]


def test_a_value_of_a_preset_needs_what_it_always_needs(settings_file: Path) -> None:
    """A preset that sets the symmetric signature needs the file of the secret."""
    (mistake,) = mistakes_in(settings_file, f'{CLIENT}preset = "bca"')
    assert mistake.startswith("clients[0].client_secret_file: required because call_signature is")


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
