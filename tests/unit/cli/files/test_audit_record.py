"""What commands write to the audit trail."""

import os
import pwd
from pathlib import Path

import pytest

from handlers.cli.errors import UsageError
from handlers.cli.files import audit_record
from handlers.cli.files.audit_record import record_change
from handlers.config.settings import Settings
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.trail_files import chain_of, events, write_key


@pytest.fixture
def settings(tmp_path: Path, nicepay: Nicepay) -> Settings:
    """Settings with an audit trail."""
    write_key(tmp_path / "audit.pem")
    return Settings.load(write_settings(tmp_path, nicepay, extra='[audit]\ndir = "audit"\nkey_file = "audit.pem"\n'))


def test_a_change_is_recorded_with_its_user_and_signed(settings: Settings, tmp_path: Path) -> None:
    """The line is in the trail and signed when the command ends, even if no server runs."""
    record_change(settings, "client.suspended", client="A")
    assert events(tmp_path / "audit") == ["file.opened", "client.suspended", "checkpoint"]
    suspended = chain_of(tmp_path / "audit")[1]
    assert (suspended["client"], suspended["user"]) == ("A", pwd.getpwuid(os.getuid()).pw_name)


def test_a_user_without_a_name_is_a_number(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user often has no name."""

    def no_name(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", no_name)
    record_change(settings, "client.suspended", client="A")
    assert chain_of(tmp_path / "audit")[1]["user"] == str(os.getuid())


def test_settings_without_a_trail_record_nothing(settings_file: Path) -> None:
    """Without [audit], commands leave no file."""
    before = sorted(settings_file.parent.iterdir())
    record_change(Settings.load(settings_file), "client.suspended", client="A")
    assert sorted(settings_file.parent.iterdir()) == before


def test_a_trail_that_cannot_be_written_is_an_error(settings: Settings, tmp_path: Path) -> None:
    """The message says that the change is made all the same."""
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit-20260122-000001.jsonl").touch()
    with pytest.raises(UsageError, match=r"the change is made, but not recorded: .* has no whole line"):
        record_change(settings, "client.suspended", client="A")


def test_a_disk_that_hangs_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command does not hang."""

    def hang(*_arguments: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(audit_record, "call_with_timeout", hang)
    with pytest.raises(UsageError, match="cannot be written: the disk does not answer"):
        record_change(settings, "client.suspended", client="A")
