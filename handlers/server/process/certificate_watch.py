"""Warns when the time brings it: a certificate of a listener ends soon, or has expired while the server runs."""

from collections.abc import Callable
from datetime import datetime

from handlers.config.settings import Settings
from handlers.config.tls_warnings import tls_warnings


class CertificateWatch:
    """The warnings about the certificates of these settings. Those that apply now are in the log already."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._known = list(tls_warnings(settings, now()))

    def look(self) -> None:
        """Log the warnings that did not apply at the last look."""
        current = list(tls_warnings(self._settings, self._now()))
        for warning in current:
            if warning not in self._known:
                warning.log()
        self._known = current
