"""A warning about settings that are valid but risky."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

SOON = timedelta(days=30)
"""A certificate causes a warning from this time before its end."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SettingWarning:
    """One warning: the log event with its fields, and a message for people that says what to do."""

    event: str
    message: str
    log_fields: Mapping[str, object] = field(default_factory=dict)

    def log(self) -> None:
        """Write the log line."""
        _log.warning(self.event, **self.log_fields)
