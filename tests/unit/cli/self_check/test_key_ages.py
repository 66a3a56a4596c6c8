"""The checks of key ages and certificates."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from handlers.cli.self_check.key_ages import (
    LONGEST_ROTATION,
    OLDEST_KEY,
    check_client_keys,
    check_state_certificates,
    check_token_keys,
)
from handlers.config.settings import Settings
from handlers.config.token_key_note import MINTING, PUBLISHED, render_note
from tests.e2e import certificate
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay, new_key

SECOND = timedelta(seconds=1)


def _keys(settings_file: Path, *notes: str) -> Settings:
    """Settings whose file of token keys has a key for each note."""
    lines = [
        f"{Fernet.generate_key().decode()}  # {note}" if note else Fernet.generate_key().decode() for note in notes
    ]
    settings_file.with_name("token.keys").write_text("\n".join(lines))
    return Settings.load(settings_file)


@pytest.mark.parametrize(
    ("age", "severity"), [(OLDEST_KEY, "good"), (OLDEST_KEY + SECOND, "warning")], ids=["young", "old"]
)
def test_the_age_of_the_first_key_counts(settings_file: Path, age: timedelta, severity: str) -> None:
    """A key that encrypts new tokens for more than 90 days is a warning."""
    settings = _keys(settings_file, render_note(MINTING, (NOON - age).replace(microsecond=0)), "an older key")
    (finding,) = check_token_keys(settings, NOON.replace(microsecond=0))
    assert finding.severity == severity
    assert finding.found == f"the token key {settings.token.fingerprints[0]} is 90 days old"


def test_a_key_without_a_time_is_as_old_as_its_file(settings_file: Path) -> None:
    """A key that `keys rotate` has not written is as old as the file."""
    settings = _keys(settings_file, "")
    old = datetime.now(UTC) - OLDEST_KEY - SECOND
    os.utime(settings_file.with_name("token.keys"), (old.timestamp(), old.timestamp()))
    (finding,) = check_token_keys(settings, datetime.now(UTC))
    assert finding.severity == "warning"
    assert finding.found.endswith(" is 90 days old, as old as its file")


@pytest.mark.parametrize(
    ("age", "severities"), [(LONGEST_ROTATION, ["good"]), (LONGEST_ROTATION + SECOND, ["good", "warning"])]
)
def test_an_unfinished_rotation_is_a_warning(settings_file: Path, age: timedelta, severities: list[str]) -> None:
    """A published key that is not used after a day shows that the second step was forgotten."""
    now = NOON.replace(microsecond=0)
    settings = _keys(settings_file, render_note(MINTING, now - SECOND), render_note(PUBLISHED, now - age))
    found = list(check_token_keys(settings, now))
    assert [each.severity for each in found] == severities
    assert "was published 1 day ago and is not used yet" in found[-1].found or len(found) == 1


def test_the_keys_of_clients_are_counted(tmp_path: Path, nicepay: Nicepay) -> None:
    """The text has the number of keys and of clients, and the shortest and the longest key."""
    settings = Settings.load(write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024))))
    assert check_client_keys(settings).found == "public keys: 2, clients: 2, bits: 1,024 to 2,048"


def _with_certificate(folder: Path, nicepay: Nicepay) -> Settings:
    certificate.write(folder, "127.0.0.1")
    url = "rediss://127.0.0.1:6379/0?ssl_ca_certs=certificate.pem"
    return Settings.load(write_settings(folder, nicepay, extra=f'[state]\nurl = "{url}"'))


@pytest.mark.parametrize(
    ("later", "severity", "word"), [(timedelta(), "warning", "ends"), (timedelta(hours=2), "error", "expired")]
)
def test_certificates_of_the_state_store_end(
    tmp_path: Path, nicepay: Nicepay, later: timedelta, severity: str, word: str
) -> None:
    """A certificate in state.url that ends within 30 days is a warning, and an expired one is an error."""
    settings = _with_certificate(tmp_path, nicepay)
    (finding,) = check_state_certificates(settings, datetime.now(UTC) + later)
    assert finding.severity == severity
    assert finding.found.startswith(f"state.url: the certificate in {tmp_path / 'certificate.pem'} {word} on 20")


def test_a_certificate_that_lasts_is_good(tmp_path: Path, nicepay: Nicepay) -> None:
    """More than 30 days before its end, a certificate is good. A file that is gone is an error."""
    settings = _with_certificate(tmp_path, nicepay)
    (finding,) = check_state_certificates(settings, datetime.now(UTC) - timedelta(days=31))
    assert finding.severity == "good"
    assert check_state_certificates(Settings.load(write_settings(tmp_path, nicepay)), NOON) == []
    (tmp_path / "certificate.pem").unlink()
    (missing,) = check_state_certificates(settings, datetime.now(UTC))
    assert missing.severity == "error"
