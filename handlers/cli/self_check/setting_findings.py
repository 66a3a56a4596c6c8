"""The mistakes and the warnings that `serve --check` finds in the settings."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from handlers.cli.self_check.finding import (
    CheckName,
    Finding,
    Severity,
    findings_or,
    from_message,
    good,
    skipped,
    warning,
)
from handlers.cli.startup import dry_run
from handlers.config import setting_warnings
from handlers.config.setting_warning import SettingWarning
from handlers.config.settings import Settings

_CHECKS: Mapping[str, CheckName] = {
    "client.key_is_short": "keys.clients",
    "client.certificate_expired": "keys.certificates",
    "client.certificate_ends": "keys.certificates",
    "tls.certificate_expired": "keys.certificates",
    "tls.certificate_ends": "keys.certificates",
    "tls.certificate_has_no_names": "keys.certificates",
    "tls.certificate_not_yet_valid": "keys.certificates",
    "tls.chain_is_incomplete": "keys.certificates",
    "state.password_is_readable": "files.modes",
}
"""The checks of warnings that are about other parts of the installation than the settings."""

_ERRORS = frozenset({"tls.certificate_expired", "tls.certificate_has_no_names", "tls.certificate_not_yet_valid"})
"""Warnings of a server that runs, but that clients refuse."""


def of_mistakes(mistakes: Iterable[str]) -> list[Finding]:
    """The mistakes of settings with which no server starts."""
    found = [from_message("error", "settings.mistakes", mistake) for mistake in mistakes]
    advice = "correct the mistakes, and run this again"
    return [*found, skipped("settings.warnings", "most checks need settings without mistakes", advice)]


def check_warnings(settings: Settings, now: datetime) -> list[Finding]:
    """The warnings about the settings and the keys in them."""
    found = [_of_warning(each) for each in setting_warnings.of_settings(settings, now)]
    if settings.sandbox.enabled:
        cause = "the sandbox is enabled, so everybody can get a token with the published test key"
        found.append(warning("settings.warnings", cause, "in production, remove [sandbox] and the published key"))
    return [
        good("settings.mistakes", f"no mistakes; clients: {len(settings.clients)}, services: {len(settings.services)}"),
        *findings_or(found, good("settings.warnings", "no warnings")),
    ]


def _of_warning(each: SettingWarning) -> Finding:
    severity: Severity = "error" if each.event in _ERRORS else "warning"
    return from_message(severity, _CHECKS.get(each.event, "settings.warnings"), each.message)


def check_limits(settings: Settings) -> list[Finding]:
    """Whether the limit of each address can work. Behind a proxy that is not listed, the addresses are unknown."""
    if not settings.limits.address_refusals_per_minute:
        return [good("settings.limits", "limits.address_refusals_per_minute is 0: no address has a limit")]
    if setting_warnings.addresses_are_unknown(settings) and not settings.sandbox.enabled:
        cause = "server.trusted_proxies is empty, so behind a proxy no address has a limit of refused requests"
        return [warning("settings.limits", cause, "list the addresses of your proxies")]
    return [good("settings.limits", "the limits know the addresses of the callers")]


def check_user(settings: Settings) -> list[Finding]:
    """Whether the server's user runs the checks, because root can use every file."""
    message = dry_run.root_warning(settings)
    return [from_message("warning", "settings.user", message)] if message else []
