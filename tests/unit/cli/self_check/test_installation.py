"""The checks of versions, libraries and documents."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest

from handlers import __version__
from handlers.cli.self_check.installation import check_documents, check_versions
from handlers.cli.startup import resources
from handlers.config.settings import Settings
from handlers.server.openapi import application

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_the_versions_are_shown() -> None:
    """One line has the versions of the server, of Python and of both copies of OpenSSL."""
    (finding,) = check_versions(NOW)
    assert finding.severity == "good"
    assert finding.found.startswith(f"snap-token {__version__}, Python 3.")
    assert finding.found.count("OpenSSL ") == 2


def test_an_old_openssl_is_a_warning() -> None:
    """OpenSSL 1.1.1 gets no security fixes any more."""
    (finding,) = check_versions(NOW, (1, 1, 1, 23, 15))
    assert (finding.severity, finding.advice) == ("warning", "install Python with OpenSSL 3.0 or later")


def test_missing_time_zone_data_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server needs no time zone data, so their absence is only shown. Wrong data is shown too."""
    ZoneInfo.clear_cache()
    reset_tzpath([tmp_path])
    monkeypatch.setitem(__import__("sys").modules, "tzdata", None)
    try:
        (missing,) = check_versions(NOW)
        (tmp_path / "Asia").mkdir()
        (tmp_path / "Asia" / "Jakarta").write_bytes(Path("/usr/share/zoneinfo/UTC").read_bytes())
        (wrong,) = check_versions(NOW)
    finally:
        reset_tzpath()
        ZoneInfo.clear_cache()
    assert (missing.severity, wrong.severity) == ("good", "good")
    assert missing.found.endswith("no time zone data (not needed)")
    assert wrong.found.endswith("Asia/Jakarta is not UTC+7 in the time zone data (not used)")


def test_a_complete_installation_is_good(settings_file: Path) -> None:
    """Libraries and documents of this checkout are complete."""
    assert [each.severity for each in check_documents(Settings.load(settings_file))] == ["good"]


def test_a_damaged_installation_is_an_error(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library without a name that the server uses and a missing document are two errors."""
    monkeypatch.setattr(application, "DOCUMENT", settings_file.with_name("missing.yaml"))
    monkeypatch.setattr(resources, "missing_internals", lambda: ["uvicorn has no name; install another"])
    library, document = check_documents(Settings.load(settings_file))
    assert (library.severity, library.found, library.advice) == ("error", "uvicorn has no name", "install another")
    assert (document.severity, document.advice) == ("error", "install snap-token-server again")
