"""What a server opens at its start."""

import errno
import os
from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.startup import resources
from handlers.cli.startup.resources import open_audit_folder, open_shared
from handlers.config.settings import Settings
from handlers.server.observability.metrics.workers import FOLDER_VARIABLE
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.trail_files import write_key

TABLE = '[audit]\ndir = "audit"\nkey_file = "audit.pem"\n'


def _settings(folder: Path, nicepay: Nicepay, more: str = "") -> Settings:
    write_key(folder / "audit.pem")
    return Settings.load(write_settings(folder, nicepay, extra=TABLE + more))


def test_the_folder_of_the_trail_is_made(tmp_path: Path, nicepay: Nicepay, settings_file: Path) -> None:
    """A missing folder is made at the start. Without [audit] nothing is made."""
    open_audit_folder(Settings.load(settings_file))
    assert not (tmp_path / "audit").exists()
    open_audit_folder(_settings(tmp_path, nicepay))
    assert (tmp_path / "audit").is_dir()


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay, more: str) -> Settings:
    """Settings with an audit trail, and with these lines in its table."""
    return _settings(tmp_path, nicepay, more)


@pytest.mark.parametrize(
    ("number", "more", "mistake"),
    [
        (errno.EPERM, 'group = "0"\n', "audit.group: this user may not give files to this group; "),
        (errno.EPERM, "", "audit.dir: no file can be written in "),
        (errno.EACCES, 'group = "0"\n', "audit.dir: no file can be written in "),
    ],
)
def test_a_folder_that_cannot_be_written_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int, mistake: str
) -> None:
    """The mistake names the key of the settings that must change."""

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(resources, "require_writable", fail)
    with pytest.raises(UsageError, match=mistake):
        open_audit_folder(settings)


def test_a_missing_folder_of_the_workers_stops_the_start(
    settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mistake names the variable and the folder."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(UsageError, match=f"{FOLDER_VARIABLE}: {tmp_path}/missing must be a folder"):
        open_shared(Settings.load(settings_file))


@pytest.mark.parametrize(
    ("number", "mistake"),
    [
        (errno.EACCES, "cannot listen on .*/a.sock: Permission denied; set server.socket to a free path in a folder"),
        (errno.EPERM, "server.socket_group: this user may not give files to this group; add the user to the group"),
    ],
)
def test_a_socket_that_cannot_be_made_is_a_mistake(
    tmp_path: Path, nicepay: Nicepay, monkeypatch: pytest.MonkeyPatch, number: int, mistake: str
) -> None:
    """The mistake names the key of the settings that must change."""

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    text = f'[server]\nsocket = "a.sock"\nsocket_group = "{os.getgid()}"\n'
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=text))
    monkeypatch.setattr(os, "chown", fail)
    with pytest.raises(UsageError, match=mistake), resources.open_listeners(settings):
        pass


def test_the_address_of_a_socket_is_that_of_nginx(tmp_path: Path, nicepay: Nicepay) -> None:
    """The log of the start has the URL that nginx's proxy_pass needs."""
    settings = Settings.load(write_settings(tmp_path, nicepay, extra='[server]\nsocket = "a.sock"\n'))
    with resources.open_listeners(settings) as listeners:
        assert resources.public_origin(settings, listeners) == f"http://unix:{tmp_path}/a.sock:"
