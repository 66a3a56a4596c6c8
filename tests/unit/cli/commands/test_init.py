"""`snap-token init`."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import pytest

from handlers.cli import main
from handlers.config.settings import Settings
from tests.nicepay import CLIENT_KEY
from tests.published_key import PUBLIC
from tests.users import OPERATOR, OPERATORS_GROUP, acting_as, open_folder, owner

MODES = {
    "nicepay-private.pem": 0o600,
    "nicepay.pem": 0o644,
    "snap-token.toml": 0o600,
    "test-key-public.pem": 0o644,
    "token.keys": 0o600,
}


@pytest.fixture(params=[0, 0o022], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_sandbox_is_made(tmp_path: Path) -> None:
    """`init` creates a folder and its parents. Its settings are valid, on loopback, and have NICEPAY's key pair."""
    folder = tmp_path / "a" / "b"
    assert main(["init", str(folder)]) == 0
    settings = Settings.load(folder / "snap-token.toml")
    assert (settings.server.host, settings.server.port, settings.server.base_path) == ("127.0.0.1", 8080, "/api/v1.0")
    assert [client.id for client in settings.clients] == [CLIENT_KEY]
    assert settings.sandbox.enabled
    assert settings.sandbox.private_key_file == folder / "nicepay-private.pem"
    assert settings.clients[0].public_keys[1] == PUBLIC


def test_a_sandbox_for_calls_accepts_every_form(tmp_path: Path) -> None:
    """With --calls the services accept every form, one client has a secret, and another one has notifications."""
    folder = tmp_path / "calls"
    assert main(["init", "--calls", str(folder)]) == 0
    settings = Settings.load(folder / "snap-token.toml")
    assert {form for service in settings.services for form in service.forms} == {"token", "notification", "body-signed"}
    assert [(client.call_signature, len(client.notification_keys)) for client in settings.clients] == [
        ("asymmetric", 1),
        ("symmetric", 0),
    ]
    modes = {file.name: S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == MODES | {"notification-private.pem": 0o600, "notification.pem": 0o644, "client.secret": 0o600}


def test_an_empty_folder_becomes_a_sandbox(tmp_path: Path) -> None:
    """An existing folder can be named, if it is empty."""
    assert main(["init", str(tmp_path)]) == 0
    assert {file.name for file in tmp_path.iterdir()} == MODES.keys()


@pytest.mark.usefixtures("_umask")
def test_only_the_owner_can_read_secrets(tmp_path: Path) -> None:
    """Only the owner can use the folder and the secrets in it, with any umask."""
    folder = tmp_path / "sandbox"
    assert main(["init", str(folder)]) == 0
    assert {file.name: S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == MODES
    assert S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not empty is refused in one line, and does not change."""
    (tmp_path / ".hidden").touch()
    assert main(["init", str(tmp_path)]) == 2
    assert capsys.readouterr() == ("", f"snap-token: {tmp_path} is not empty; name a new folder\n")
    assert [file.name for file in tmp_path.iterdir()] == [".hidden"]


@pytest.mark.parametrize(("below", "reason"), [(".", "File exists"), ("x", "Not a directory")], ids=["it", "below it"])
def test_a_file_in_place_of_the_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], below: str, reason: str
) -> None:
    """A file in place of the folder or of a parent is refused in one line, and does not change."""
    file = tmp_path / "file"
    file.write_text("old")
    assert main(["init", str(file / below)]) == 2
    assert capsys.readouterr() == ("", f"snap-token: {file / below} cannot be created: {reason}\n")
    assert file.read_text() == "old"


def test_a_sandbox_that_root_creates_belongs_to_the_owner_of_the_folder() -> None:
    """A sandbox that root creates in a user's folder belongs to that user."""
    with open_folder(OPERATOR, OPERATORS_GROUP) as folder:
        assert main(["init", str(folder / "sandbox")]) == 0
        made = [folder / "sandbox", *(folder / "sandbox").iterdir()]
        assert {owner(each) for each in made} == {(OPERATOR, OPERATORS_GROUP)}


def test_a_folder_that_cannot_be_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be read is refused in one line."""
    with open_folder() as folder:
        folder.chmod(0o733)
        with acting_as(OPERATOR, OPERATORS_GROUP):
            assert main(["init", str(folder)]) == 2
        assert capsys.readouterr() == ("", f"snap-token: {folder} cannot be read: Permission denied\n")
