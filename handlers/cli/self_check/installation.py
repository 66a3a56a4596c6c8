"""Whether the installed packages and documents are complete, and which versions are installed."""

import platform
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.backends.openssl.backend import backend

from handlers import __version__
from handlers.cli.self_check.finding import Finding, findings_or, from_message, good, warning
from handlers.cli.startup import dry_run
from handlers.cli.startup.resources import require_libraries
from handlers.config.settings import Settings

OLDEST_OPENSSL = (3, 0)
"""The oldest OpenSSL version that still gets security fixes from its project."""

_JAKARTA, _JAKARTA_OFFSET = "Asia/Jakarta", timedelta(hours=7)


def check_versions(now: datetime, openssl: tuple[int, ...] = ssl.OPENSSL_VERSION_INFO) -> Iterator[Finding]:
    """The versions of this server, Python and OpenSSL, and the time zone data of this machine.

    The server does not need time zone data: all its times have the fixed offset +07:00 or are UTC.
    """
    versions = f"snap-token {__version__}, Python {platform.python_version()}, {_libraries()}, {_time_zones(now)}"
    if openssl[:2] < OLDEST_OPENSSL:
        found = f"{versions}; this OpenSSL gets no security fixes any more"
        yield warning("installation.versions", found, "install Python with OpenSSL 3.0 or later")
    else:
        yield good("installation.versions", versions)


def _libraries() -> str:
    """OpenSSL is there twice: Python's checks certificates, and that of cryptography checks signatures."""
    return f"{ssl.OPENSSL_VERSION} (signatures: {backend.openssl_version_text()})"


def _time_zones(now: datetime) -> str:
    try:
        is_right = now.astimezone(ZoneInfo(_JAKARTA)).utcoffset() == _JAKARTA_OFFSET
    except (ZoneInfoNotFoundError, OSError):
        return "no time zone data (not needed)"
    return f"{_JAKARTA} is {'UTC+7' if is_right else 'not UTC+7 in the time zone data (not used)'}"


def check_documents(settings: Settings) -> list[Finding]:
    """Whether the installed libraries fit, and whether both API documents can be served."""
    attempts = [require_libraries, *dry_run.document_attempts(settings)]
    mistakes = [mistake for attempt in attempts for mistake in dry_run.mistakes_of(attempt)]
    findings = (from_message("error", "installation.documents", mistake) for mistake in mistakes)
    return findings_or(findings, good("installation.documents", "libraries and API documents are complete"))
