"""The findings about the settings."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.cli.self_check.setting_findings import check_limits, check_user, check_warnings, of_mistakes
from handlers.config.settings import Settings
from tests.merchant import NOON, write_settings
from tests.nicepay import Nicepay, new_key
from tests.tls_pair import TLS, write_pair
from tests.users import SERVER_GROUP, SERVER_USER, give_all, open_folder


def test_each_mistake_is_an_error() -> None:
    """A message is split into what was found and what to do. The other checks are skipped."""
    first, second, rest = of_mistakes(["a is wrong; correct it", "b is wrong"])
    assert (first.severity, first.found, first.advice) == ("error", "a is wrong", "correct it")
    assert (second.severity, second.found, second.advice) == ("error", "b is wrong", "")
    assert rest.severity == "skipped"


def test_settings_without_warnings_are_good(settings_file: Path) -> None:
    """Two lines say that there are no mistakes and no warnings."""
    found = check_warnings(Settings.load(settings_file), NOON)
    assert [(each.check, each.severity) for each in found] == [
        ("settings.mistakes", "good"),
        ("settings.warnings", "good"),
    ]


def test_a_warning_belongs_to_its_part(tmp_path: Path, nicepay: Nicepay) -> None:
    """The warning about a short key is a finding about the keys."""
    settings = Settings.load(write_settings(tmp_path, nicepay, Nicepay("SHORT", new_key(1024))))
    _, finding = check_warnings(settings, NOON)
    assert (finding.check, finding.severity) == ("keys.clients", "warning")
    assert finding.found == "clients[1].public_keys: a key of 1024 bits is weak"


def test_a_sandbox_is_a_warning(tmp_path: Path, nicepay: Nicepay) -> None:
    """A sandbox accepts the published test key, so it must not be in production."""
    (tmp_path / "nicepay-private.pem").write_text(nicepay.private_pem)
    (tmp_path / "nicepay-private.pem").chmod(0o600)
    settings = Settings.load(write_settings(tmp_path, nicepay, extra="[sandbox]\nenabled = true"))
    assert [each.severity for each in check_warnings(settings, NOON)] == ["good", "warning"]


def test_root_is_told_to_use_the_server_s_user(nicepay: Nicepay) -> None:
    """Root can use every file, so its findings may be too good. Others get no finding."""
    with open_folder() as folder:
        settings = Settings.load(write_settings(folder, nicepay))
        assert check_user(settings) == []
        give_all(folder, SERVER_USER, SERVER_GROUP)
        (finding,) = check_user(settings)
    assert finding.advice == f"run it again as the server's user, {SERVER_USER}"


@pytest.mark.parametrize(
    ("tables", "severity"),
    [
        ("", "warning"),
        ('[server]\nhost = "0.0.0.0"\n[internal]\nport = 0', "warning"),
        ('[server]\ntrusted_proxies = ["127.0.0.1"]', "good"),
        ('[server]\nhost = "0.0.0.0"', "good"),
        ("[limits]\naddress_refusals_per_minute = 0", "good"),
        ("[sandbox]\nenabled = true", "good"),
    ],
)
def test_a_limit_that_knows_no_address_is_a_warning(
    tmp_path: Path, nicepay: Nicepay, tables: str, severity: str
) -> None:
    """A server that only a proxy can reach needs the addresses of its proxies. A sandbox has no proxy."""
    (tmp_path / "nicepay-private.pem").write_text(nicepay.private_pem)
    (tmp_path / "nicepay-private.pem").chmod(0o600)
    (finding,) = check_limits(Settings.load(write_settings(tmp_path, nicepay, extra=tables)))
    assert (finding.check, finding.severity) == ("settings.limits", severity)


def test_a_certificate_that_clients_refuse_is_an_error(tmp_path: Path, nicepay: Nicepay) -> None:
    """The server starts with an expired certificate, but the installation is not in order."""
    write_pair(tmp_path)
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=f"[server]\n{TLS}"))
    _, finding = check_warnings(settings, datetime.max.replace(tzinfo=UTC))
    assert (finding.check, finding.severity, finding.advice) == ("keys.certificates", "error", "renew it")


def test_at_a_socket_the_addresses_are_known(tmp_path: Path, nicepay: Nicepay) -> None:
    """Every peer at a socket is a trusted proxy, so the limit of each address works without `trusted_proxies`."""
    tables = '[server]\nsocket = "a.sock"\n[internal]\nsocket = "b.sock"\n'
    settings = Settings.load(write_settings(tmp_path, nicepay, extra=tables))
    assert [each.severity for each in check_limits(settings)] == ["good"]
