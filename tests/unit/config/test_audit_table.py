"""The settings of the audit trail."""

import grp
import os
from pathlib import Path

import pytest

from handlers.config.audit_table import Audit
from handlers.config.changes import tables_that_need_restart
from handlers.config.settings import Settings
from tests.merchant import write_settings
from tests.nicepay import Nicepay
from tests.settings_text import mistakes_in
from tests.trail_files import write_key

AUDIT = '[audit]\ndir = "audit"\nkey_file = "audit.pem"\n'
CLIENT = '\n[[clients]]\nid = "A"\npublic_keys = ["IONPAYTEST.pem"]\n'


@pytest.fixture(autouse=True)
def key_file(settings_file: Path) -> Path:
    """An Ed25519 key beside the settings."""
    file = settings_file.with_name("audit.pem")
    write_key(file)
    return file


def _audit(settings_file: Path, nicepay: Nicepay, lines: str = "") -> Audit:
    audit = Settings.load(write_settings(settings_file.parent, nicepay, extra=AUDIT + lines)).audit
    assert audit
    return audit


def test_the_trail_is_off_by_default(settings_file: Path) -> None:
    """Without the table there is no trail."""
    assert Settings.load(settings_file).audit is None


def test_its_defaults_refuse_and_do_not_wait_for_the_disk(settings_file: Path, nicepay: Nicepay) -> None:
    """The folder and the key are required. The folder may be missing, and is not made by reading the settings."""
    audit = _audit(settings_file, nicepay)
    assert (audit.when_full, audit.durable, audit.group, audit.rotate_bytes) == ("refuse", False, None, 64 * 1024**2)
    assert audit.dir == settings_file.with_name("audit")
    assert not audit.dir.exists()
    assert "Private" not in repr(audit)


def test_a_group_has_a_name_or_a_number(settings_file: Path, nicepay: Nicepay) -> None:
    """A container often has only the number."""
    own = os.getgid()
    for text in (grp.getgrgid(own).gr_name, str(own)):
        assert _audit(settings_file, nicepay, f'group = "{text}"\n').group == own


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ('[audit]\nkey_file = "audit.pem"', "audit.dir: required"),
        ('[audit]\ndir = "audit"', "audit.key_file: required"),
        ('[audit]\ndir = 1\nkey_file = "audit.pem"', "audit.dir: must be the path of a folder"),
        (AUDIT + 'when_full = "stop"', 'audit.when_full: must be "refuse" or "continue"'),
        (AUDIT + "durable = 1", "audit.durable: must be true or false, without quotes"),
        (AUDIT + "group = 4", "audit.group: must be the name of a group, in quotes"),
        (AUDIT + 'group = "no-such-group"', "audit.group: this system has no group of this name"),
        (AUDIT + "rotate_bytes = 1023", "audit.rotate_bytes: must be at least 1024, not 1023"),
        (AUDIT + "rotate_bytes = 1073741825", "audit.rotate_bytes: must be at most 1073741824, not 1073741825"),
        (AUDIT + "fsync = true", "audit.fsync: there is no such key"),
    ],
)
def test_mistakes_are_reported(settings_file: Path, lines: str, mistake: str) -> None:
    """Each mistake is one line that names its key."""
    assert mistakes_in(settings_file, lines + CLIENT) == [mistake]


def test_a_folder_that_others_can_write_to_is_refused(settings_file: Path) -> None:
    """Nobody else may put files into the trail. The message says what to run."""
    folder = settings_file.with_name("audit")
    folder.mkdir()
    folder.chmod(0o777)
    advice = f"audit.dir: {folder} must be a folder that only its owner can write to; run: chmod 750 {folder}"
    assert mistakes_in(settings_file, AUDIT + CLIENT) == [advice]


@pytest.mark.parametrize("name", ["missing/audit", "snap-token.toml"])
def test_a_folder_that_cannot_be_made_is_refused(settings_file: Path, name: str) -> None:
    """The folder's own folder must exist, and a file is no folder."""
    (mistake,) = mistakes_in(settings_file, AUDIT.replace('"audit"', f'"{name}"') + CLIENT)
    assert mistake.startswith(f"audit.dir: {settings_file.parent / name} ")


def test_a_file_with_another_key_is_refused(settings_file: Path, key_file: Path) -> None:
    """The message names the file and the command that makes a key."""
    key_file.write_text("no key")
    (mistake,) = mistakes_in(settings_file, AUDIT + CLIENT)
    assert mistake == (
        f"audit.key_file: {key_file}: it must contain an Ed25519 private key in PEM (PKCS #8) that is not encrypted; "
        "create one with: snap-token audit keygen FILE"
    )


def test_a_key_that_others_can_read_is_refused(settings_file: Path, key_file: Path) -> None:
    """The file has the same rules as every secret file."""
    key_file.chmod(0o644)
    (mistake,) = mistakes_in(settings_file, AUDIT + CLIENT)
    assert mistake.startswith(f"audit.key_file: other users can access {key_file}; ")


def test_another_key_or_folder_needs_a_restart(settings_file: Path, nicepay: Nicepay, key_file: Path) -> None:
    """The table takes effect at the start only. The same key that is read again is no change."""
    before = Settings.load(write_settings(settings_file.parent, nicepay, extra=AUDIT))
    assert tables_that_need_restart(before, {}, Settings.load(settings_file), {}) == []
    write_key(key_file)
    assert tables_that_need_restart(before, {}, Settings.load(settings_file), {}) == ["audit"]
