"""The gauges about keys, certificates and versions."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from handlers.config.settings import Settings
from handlers.server.observability.metrics.installation import InstallationMetrics
from handlers.server.openapi.documents import CONTRACT_VERSION
from tests.document import DOCUMENT, INTERNAL
from tests.merchant import NOON, write_settings
from tests.metrics import Series, series
from tests.nicepay import CLIENT_KEY, Nicepay, fingerprint
from tests.tls_pair import TLS, write_pair


def _values(settings: Settings) -> dict[Series, float]:
    families = InstallationMetrics(lambda: settings, lambda: NOON, CONTRACT_VERSION).collect()
    return {series(each.name, **each.labels): each.value for family in families for each in family.samples}


def test_the_keys_of_a_client(tmp_path: Path, nicepay: Nicepay) -> None:
    """The number of keys by use, and the size of each key."""
    values = _values(Settings.load(write_settings(tmp_path, nicepay)))
    assert values[series("snap_client_public_keys", client=CLIENT_KEY, use="calls")] == 1
    key = fingerprint(nicepay)
    assert values[series("snap_client_public_key_bits", client=CLIENT_KEY, fingerprint=key)] == 2048
    assert not [name for name, _ in values if "certificate" in name]


END = datetime(2036, 1, 1, tzinfo=UTC)


def _certificate(nicepay: Nicepay) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "NICEPAY")])
    builder = x509.CertificateBuilder(name, name, nicepay.private_key.public_key(), 1)
    builder = builder.not_valid_before(NOON.replace(microsecond=0)).not_valid_after(END)
    return builder.sign(nicepay.private_key, SHA256()).public_bytes(Encoding.PEM).decode()


EXPIRY = "snap_client_certificate_expiry_timestamp_seconds"


@pytest.mark.parametrize("inline", [True, False])
def test_the_end_of_a_certificate(tmp_path: Path, nicepay: Nicepay, *, inline: bool) -> None:
    """A key in a certificate has the time at which it expires, whether the settings have it as text or as a file."""
    settings = write_settings(tmp_path, nicepay)
    certificate = _certificate(nicepay)
    if inline:
        settings.write_text(settings.read_text().replace(f'["{CLIENT_KEY}.pem"]', f'["""{certificate}"""]'))
    else:
        (tmp_path / f"{CLIENT_KEY}.pem").write_text(certificate)
    ends = [value for (name, _), value in _values(Settings.load(settings)).items() if name == EXPIRY]
    assert ends == [END.timestamp()]


def test_files_are_read_once(tmp_path: Path, nicepay: Nicepay) -> None:
    """A key file that was deleted since changes nothing. After a reload, its certificate is unknown."""
    file = write_settings(tmp_path, nicepay)
    (tmp_path / f"{CLIENT_KEY}.pem").write_text(_certificate(nicepay))
    current = [settings := Settings.load(file)]
    metrics = InstallationMetrics(lambda: current[0], lambda: NOON, CONTRACT_VERSION)
    first = list(metrics.collect())
    (tmp_path / f"{CLIENT_KEY}.pem").unlink()
    assert list(metrics.collect()) == first
    current[0] = settings.model_copy()
    assert [each.samples for each in metrics.collect() if each.name == EXPIRY] == [[]]


@pytest.mark.parametrize(("note", "age"), [("minting since 2026-01-22T04:00:00Z", 3601.25), ("no time", 90.25)])
def test_the_age_of_the_token_key(tmp_path: Path, nicepay: Nicepay, note: str, age: float) -> None:
    """The age counts from the time in the comment of the first key. Without it, the key is as old as its file."""
    settings = write_settings(tmp_path, nicepay)
    keys = tmp_path / "token.keys"
    keys.write_text(f"{keys.read_text().strip()}  # {note}\n")
    changed = NOON.replace(microsecond=0) - timedelta(seconds=90)
    os.utime(keys, (changed.timestamp(), changed.timestamp()))
    assert _values(Settings.load(settings))[series("snap_token_key_age_seconds")] == age


def test_a_deleted_file_without_a_time_has_no_age(tmp_path: Path, nicepay: Nicepay) -> None:
    """The other metrics stay. The server keeps the keys that it has read."""
    settings = Settings.load(write_settings(tmp_path, nicepay))
    (tmp_path / "token.keys").unlink()
    values = _values(settings)
    assert series("snap_token_key_age_seconds") not in values
    assert values


def test_a_clock_behind_the_rotation_gives_no_negative_age(tmp_path: Path, nicepay: Nicepay) -> None:
    """`keys rotate` rounds its time up, so a key can be a second younger than now."""
    settings = write_settings(tmp_path, nicepay)
    keys = tmp_path / "token.keys"
    since = (NOON + timedelta(seconds=1)).replace(microsecond=0, tzinfo=None).isoformat()
    keys.write_text(f"{keys.read_text().strip()}  # minting since {since}Z\n")
    assert _values(Settings.load(settings))[series("snap_token_key_age_seconds")] == 0


def test_the_versions() -> None:
    """The version of the contract is the version of both documents."""
    assert DOCUMENT["info"]["version"] == INTERNAL["info"]["version"] == CONTRACT_VERSION


def test_the_end_of_the_certificate_of_a_listener(tmp_path: Path, nicepay: Nicepay) -> None:
    """A listener with TLS has the time at which its certificate expires, and one without has none."""
    end = write_pair(tmp_path).not_valid_after_utc.timestamp()
    values = _values(Settings.load(write_settings(tmp_path, nicepay, extra=f"[server]\n{TLS}[internal]\n")))
    name = "snap_tls_certificate_expiry_timestamp_seconds"
    assert {key: value for key, value in values.items() if key[0] == name} == {series(name, listener="server"): end}
