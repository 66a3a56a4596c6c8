"""The checks of file modes, on real files of other users."""

import os
from pathlib import Path

import pytest

from handlers.cli.self_check.file_modes import check_modes
from handlers.config.settings import Settings
from handlers.state.sqlite.file import open_file
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.users import OPERATOR, SERVER_GROUP, SERVER_USER, give_all, open_folder

SQLITE = '[state]\nurl = "sqlite:///state.db"'


def _found(settings: Path) -> list[tuple[str, str, str]]:
    return [(each.severity, each.found, each.advice) for each in check_modes(Settings.load(settings))]


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Path:
    file = write_settings(tmp_path, nicepay, extra=SQLITE)
    for each in tmp_path.iterdir():
        each.chmod(0o600)
    open_file(tmp_path / "state.db").close()
    return file


def test_files_of_the_owner_only_are_good(settings: Path) -> None:
    """Settings, one public key and a state file that only the owner can use are good."""
    text = "nobody else can change the files of the settings (2), or use keys, secrets and state"
    assert _found(settings) == [("good", text, "")]


@pytest.mark.parametrize("name", ["snap-token.toml", "IONPAYTEST.pem"])
def test_a_file_that_every_user_can_change_is_an_error(settings: Path, name: str) -> None:
    """Who can change the settings or a public key can sign as a client."""
    file = settings.with_name(name)
    file.chmod(0o666)
    assert _found(settings) == [("error", f"every user can change {file}", f"run: chmod o-w {file}")]


def test_the_members_of_refusals_are_a_file_of_the_settings(settings: Path) -> None:
    """Who can change these members can change what the acquirer gets."""
    members = settings.with_name("members.json")
    members.write_text('{"virtualAccountData": {}}')
    members.chmod(0o666)
    service = 'path = "/a"\nservice_code = "24"\nrefusal_members_file = "members.json"'
    settings.write_text(
        f"{settings.read_text()}\n[[services]]\n{service}\n[[services]]\npath = '/b'\nservice_code = '25'"
    )
    assert _found(settings) == [("error", f"every user can change {members}", f"run: chmod o-w {members}")]


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("ca.pem", "a certificate", "every user can change {}"),
        ("key.pem", "-----BEGIN PRIVATE KEY-----", "other users can access {}"),
    ],
)
def test_the_files_of_the_state_url_are_checked(settings: Path, name: str, content: str, trouble: str) -> None:
    """Who can change the certificate authority can play the state store. A private key is for the server only."""
    file = settings.with_name(name)
    file.write_text(content)
    file.chmod(0o666)
    option = "ssl_ca_certs" if name == "ca.pem" else "ssl_keyfile"
    settings.write_text(settings.read_text().replace("sqlite:///state.db", f"rediss://127.0.0.1/0?{option}={name}"))
    settings.with_name("state.db").unlink()
    ((severity, found, _),) = _found(settings)
    assert (severity, found) == ("error", trouble.format(file))


def test_a_file_that_a_group_can_change_is_a_warning(settings: Path) -> None:
    """A group may be right, for example that of the operators."""
    settings.chmod(0o660)
    assert _found(settings) == [("warning", f"its group can change {settings}", f"run: chmod g-w {settings}")]


def test_a_folder_that_every_user_can_change_is_an_error(settings: Path, tmp_path: Path) -> None:
    """Who can change the folder of a public key can put another file in its place."""
    folder = tmp_path / "keys"
    folder.mkdir()
    settings.with_name("IONPAYTEST.pem").rename(folder / "IONPAYTEST.pem")
    settings.write_text(settings.read_text().replace('"IONPAYTEST.pem"', '"keys/IONPAYTEST.pem"'))
    folder.chmod(0o777)
    file = folder / "IONPAYTEST.pem"
    found = f"every user can replace {file}, because every user can write to {folder}"
    assert _found(settings) == [("error", found, f"run: chmod o-w {folder}")]


def test_a_state_file_that_others_can_read_is_an_error(settings: Path) -> None:
    """The state file must be for its owner only."""
    file = settings.with_name("state.db")
    file.chmod(0o644)
    assert _found(settings) == [("error", f"other users can access {file}", f"run: chmod 600 {file}")]


def test_a_key_that_is_gone_is_an_error(settings: Path) -> None:
    """A file that was deleted since the settings were read is reported."""
    loaded, file = Settings.load(settings), settings.with_name("IONPAYTEST.pem")
    file.unlink()
    assert [(each.severity, each.found) for each in check_modes(loaded)] == [("error", f"{file} cannot be read")]


def test_a_key_as_text_has_no_file(settings: Path, nicepay: Nicepay) -> None:
    """A public key in the settings themselves is no file."""
    settings.write_text(settings.read_text().replace('"IONPAYTEST.pem"', f'"""{nicepay.public_pem}"""'))
    assert [severity for severity, *_ in _found(settings)] == ["good"]


def test_memory_has_no_files(settings: Path) -> None:
    """A state store without a file has nothing to check."""
    settings.write_text(settings.read_text().replace("sqlite:///state.db", "memory://"))
    assert [severity for severity, *_ in _found(settings)] == ["good"]


def test_a_state_file_of_another_user_is_an_error(nicepay: Nicepay) -> None:
    """A state file that an operator created by mistake is of no use to the server's user."""
    with open_folder() as folder:
        settings = write_settings(folder, nicepay, extra=SQLITE)
        open_file(folder / "state.db").close()
        give_all(folder, SERVER_USER, SERVER_GROUP)
        file = folder / "state.db"
        os.chown(file, OPERATOR, SERVER_GROUP)
        found = f"{file} belongs to user {OPERATOR}, and the server's user is {SERVER_USER}"
        assert _found(settings) == [("error", found, f"run as root: chown {SERVER_USER} {file}")]
