"""The file with members for the refusals of a service."""

from pathlib import Path

import pytest

from handlers.config.changes import changes
from handlers.config.settings import Settings, SettingsError
from handlers.config.watched_files import record_files
from handlers.server.process.assembly import called_services_of

SERVICE = '[[services]]\npath = "/a"\nservice_code = "24"\nrefusal_members_file = {}\n'


def _load(settings_file: Path, content: str | None, value: str = '"refusal.json"') -> Settings:
    if content is not None:
        settings_file.with_name("refusal.json").write_text(content)
    text = settings_file.read_text()
    if "[[services]]" not in text:
        settings_file.write_text(SERVICE.format(value) + text)
    return Settings.load(settings_file)


def test_the_file_is_beside_the_settings_and_watched(settings_file: Path) -> None:
    """The path is relative to the settings file, and a reload finds a change of the file."""
    with record_files() as files:
        before = _load(settings_file, '{"a":"$body.a"}')
    assert settings_file.with_name("refusal.json") in files
    members = called_services_of(before)["/a"].refusal_members
    assert members
    assert members.filled(str, b'{"a":"1"}') == {"a": "1"}
    after = _load(settings_file, '\ufeff{"a":"$body.b"}')
    assert changes(before, after) == {"services_changed": ["/a"]}
    assert not changes(after, _load(settings_file, '{"a": "$body.b"}'))


def test_a_service_has_none_by_default(settings_file: Path) -> None:
    """Without the setting, refusals have the two members of SNAP."""
    text = settings_file.read_text()
    settings_file.write_text('[[services]]\npath = "/a"\nservice_code = "24"\n' + text)
    assert called_services_of(Settings.load(settings_file))["/a"].refusal_members is None


@pytest.mark.parametrize(
    ("content", "value", "mistake"),
    [
        ('{"a":1', '"refusal.json"', "{file}: it is not JSON: Expecting ',' delimiter: line 1 column 7 (char 6)"),
        ('{"a":{"b":"$c"}}', '"refusal.json"', "{file}: a.b: a text that begins with $ must be"),
        (None, '"refusal.json"', "{file} cannot be read: No such file or directory"),
        (None, '"."', "{folder} cannot be read: Is a directory"),
        (None, "24", "must be the path of a file"),
        (None, '["a"]', "must be the path of a file"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(
    settings_file: Path, content: str | None, value: str, mistake: str
) -> None:
    """One line says which file is wrong, where, and how."""
    with pytest.raises(SettingsError) as refusal:
        _load(settings_file, content, value)
    (line,) = refusal.value.mistakes
    expected = mistake.format(file=settings_file.with_name("refusal.json"), folder=settings_file.parent)
    assert line.startswith(f"services[0].refusal_members_file: {expected}")
