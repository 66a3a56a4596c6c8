"""The published test key in the settings."""

from pathlib import Path

import pytest

from handlers.config.published_keys import PUBLISHED, published_keys
from handlers.config.settings import Settings
from tests.published_key import FORMS, PRIVATE_FILE, PUBLIC_FILE
from tests.settings_text import loaded, mistakes_in

CLIENT = '[[clients]]\nid = "{}"\npublic_keys = {}\n'
SANDBOX = f'[sandbox]\nenabled = true\nprivate_key_file = "{{}}/{PRIVATE_FILE.name}"\n'


@pytest.fixture
def settings_file(settings_file: Path) -> Path:
    """Settings with the key pair beside them."""
    for file, mode in ((PUBLIC_FILE, 0o644), (PRIVATE_FILE, 0o600)):
        copy = settings_file.with_name(file.name)
        copy.write_bytes(file.read_bytes())
        copy.chmod(mode)
    return settings_file


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_refused_in_every_form(settings_file: Path, form: str) -> None:
    """The key is refused in every form of a key file, also beside another key."""
    settings_file.with_name("key").write_bytes(FORMS[form])
    text = CLIENT.format("A", '["IONPAYTEST.pem", "key"]')
    assert mistakes_in(settings_file, text) == [f"clients[0].public_keys[1]: {PUBLISHED}"]


def test_the_key_is_refused_as_text_and_as_a_notification_key(settings_file: Path) -> None:
    """The key is refused for both purposes and in the settings themselves, and each place is reported."""
    inline = f"['''{PUBLIC_FILE.read_text()}''']"
    text = CLIENT.format("A", inline) + CLIENT.format("B", '["IONPAYTEST.pem"]') + f"notification_keys = {inline}\n"
    used = "this key is also in public_keys; notifications need a key of their own"
    assert mistakes_in(settings_file, text) == [
        f"clients[1].notification_keys[0]: {used}",
        f"clients[0].public_keys[0]: {PUBLISHED}",
        f"clients[1].notification_keys[0]: {PUBLISHED}",
    ]


@pytest.mark.parametrize("sandbox", ["", "[sandbox]\nenabled = false\n"], ids=["no table", "disabled"])
def test_only_a_sandbox_accepts_the_key(settings_file: Path, sandbox: str) -> None:
    """An enabled sandbox accepts the key. Without it, the key is refused."""
    text = CLIENT.format("A", f'["{PUBLIC_FILE.name}"]')
    assert mistakes_in(settings_file, sandbox + text) == [f"clients[0].public_keys[0]: {PUBLISHED}"]
    settings = loaded(settings_file, SANDBOX.format(settings_file.parent) + text)
    assert list(published_keys(settings.clients)) == [(0, "public_keys", 0)]


def test_a_sandbox_with_a_mistake_is_reported_alone(settings_file: Path) -> None:
    """If the table of the sandbox has a mistake, only that mistake is reported."""
    text = '[sandbox]\nenabled = "perhaps"\n' + CLIENT.format("A", f'["{PUBLIC_FILE.name}"]')
    (mistake,) = mistakes_in(settings_file, text)
    assert mistake.startswith("sandbox.enabled: ")


def test_other_keys_are_accepted(settings_file: Path) -> None:
    """Settings without the key have no place of it."""
    assert list(published_keys(Settings.load(settings_file).clients)) == []
