"""What a check found: how severe it is, what it is, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "skipped", "good"]
"""An error must be corrected. A warning is a risk. `skipped` means that the check could not be made."""

CheckName = Literal[
    "installation.versions",
    "installation.documents",
    "settings.mistakes",
    "settings.warnings",
    "settings.limits",
    "settings.user",
    "files.modes",
    "files.folders",
    "files.room",
    "keys.token",
    "keys.clients",
    "keys.certificates",
    "clock.difference",
    "state.latency",
    "state.version",
    "state.eviction",
    "state.persistence",
    "state.replication",
    "state.encryption",
    "state.writable",
    "state.memory",
    "state.file_system",
    "state.integrity",
    "listeners.ports",
    "listeners.readiness",
    "listeners.descriptors",
    "proxy.reachable",
    "proxy.tls",
    "proxy.certificate",
    "proxy.unknown_path",
    "proxy.token_endpoint",
    "proxy.internal",
    "proxy.calls",
]
"""The name of each check. It begins with the part of the installation that the check examines."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `advice` says what to do. It is empty if there is nothing to do."""

    check: CheckName
    severity: Severity
    found: str
    advice: str = ""


def error(check: CheckName, found: str, advice: str = "") -> Finding:
    """Something that must be corrected."""
    return Finding(check, "error", found, advice)


def warning(check: CheckName, found: str, advice: str = "") -> Finding:
    """Something that works, but is a risk."""
    return Finding(check, "warning", found, advice)


def skipped(check: CheckName, cause: str, advice: str = "") -> Finding:
    """A check that could not be made."""
    return Finding(check, "skipped", cause, advice)


def good(check: CheckName, found: str) -> Finding:
    """Nothing is wrong."""
    return Finding(check, "good", found)


def from_message(severity: Severity, check: CheckName, message: str) -> Finding:
    """A finding from an error message of this project: what is wrong, a semicolon, and what to do."""
    found, _, advice = message.partition("; ")
    return Finding(check, severity, found, advice)


def findings_or(findings: Iterable[Finding], otherwise: Finding) -> list[Finding]:
    """The findings. If there are none, the other one."""
    return list(findings) or [otherwise]
