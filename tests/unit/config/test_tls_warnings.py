"""Warnings about the certificates and the TLS versions of the listeners."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from handlers.config import setting_warnings
from handlers.config.settings import Settings
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay
from tests.tls_pair import CERTIFICATE_FILE, HOST, TLS, rsa_key, self_signed, write_certificate, write_pair

DAY = timedelta(days=1)
NOW = NOON.replace(microsecond=0)


def _warnings(folder: Path, nicepay: Nicepay, *, age: timedelta, lifetime: timedelta, names: bool = True) -> list[str]:
    write_pair(folder)
    certificate = self_signed(rsa_key(), begin=NOW - age, lifetime=lifetime, has_names=names)
    write_certificate(folder / CERTIFICATE_FILE, certificate)
    settings = Settings.load(write_settings(folder, nicepay, extra=f"[internal]\n{TLS}"))
    return [each.message for each in setting_warnings.of_settings(settings, NOW)]


@pytest.mark.parametrize(
    ("lifetime", "left", "is_soon"),
    [
        (90 * DAY, 23 * DAY, False),
        (90 * DAY, 22 * DAY, True),
        (365 * DAY, 31 * DAY, False),
        (365 * DAY, 30 * DAY, True),
    ],
)
def test_a_certificate_that_ends_soon(
    tmp_path: Path, nicepay: Nicepay, lifetime: timedelta, left: timedelta, *, is_soon: bool
) -> None:
    """The last quarter of its lifetime is soon, and at most 30 days are. So a renewal in time causes no warning."""
    found = _warnings(tmp_path, nicepay, age=lifetime - left, lifetime=lifetime)
    end = f"internal.tls_certificate_file: the certificate ends on {NOW + left:%Y-%m-%d}; renew it"
    assert found == ([end] if is_soon else [])


def test_an_expired_certificate(tmp_path: Path, nicepay: Nicepay) -> None:
    """The server starts with it, because some clients do not check, and warns."""
    found = _warnings(tmp_path, nicepay, age=2 * DAY, lifetime=DAY)
    assert found == [f"internal.tls_certificate_file: the certificate expired on {NOW - DAY:%Y-%m-%d}; renew it"]


def test_a_certificate_without_names(tmp_path: Path, nicepay: Nicepay) -> None:
    """Clients compare the names in subjectAltName only."""
    (found,) = _warnings(tmp_path, nicepay, age=DAY, lifetime=90 * DAY, names=False)
    assert found.startswith("internal.tls_certificate_file: the certificate names no host; clients refuse it; make one")


def test_a_certificate_that_is_not_valid_yet(tmp_path: Path, nicepay: Nicepay) -> None:
    """Clients refuse it until then, or the clock of this machine is wrong."""
    (found,) = _warnings(tmp_path, nicepay, age=-DAY, lifetime=90 * DAY)
    start = f"internal.tls_certificate_file: the certificate is valid from {NOW + DAY:%Y-%m-%d %H:%M} UTC on"
    assert found == f"{start}; clients refuse it until then; look at the clock"


@pytest.mark.parametrize(
    ("issuers", "missing"),
    [
        ([HOST], None),
        (["Authority"], "Authority"),
        ([HOST, HOST], None),
        (["Authority", HOST], "Authority"),
        ([HOST, "Authority"], None),
    ],
)
def test_a_chain_with_a_gap(tmp_path: Path, nicepay: Nicepay, issuers: list[str], missing: str | None) -> None:
    """After each certificate comes that of its issuer. The last one can be of a root that clients have."""
    write_pair(tmp_path)
    certificates = [self_signed(rsa_key(), issuer=issuer) for issuer in issuers]
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    (tmp_path / CERTIFICATE_FILE).write_bytes(pem)
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=f"[internal]\n{TLS}"))
    found = [each for each in setting_warnings.of_settings(settings, datetime.now(UTC)) if "chain" in each.event]
    assert [each.log_fields["issuer"] for each in found] == ([f"CN={missing}"] if missing else [])


def test_tls_1_2(tmp_path: Path, nicepay: Nicepay) -> None:
    """SNAP allows TLS 1.2 for a limited time."""
    write_pair(tmp_path)
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=f'[server]\n{TLS}tls_minimum = "1.2"\n'))
    (found,) = setting_warnings.of_settings(settings, datetime.now(UTC))
    assert (found.event, found.log_fields) == ("tls.old_version", {"listener": "server"})
    assert (
        found.message == 'server.tls_minimum: SNAP allows TLS 1.2 only until 2026-06-30; set "1.3" as soon as you can'
    )
