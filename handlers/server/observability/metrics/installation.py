"""Gauges about the installation: its keys, certificates and versions. They are computed when Prometheus asks."""

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from handlers import __version__
from handlers.config.client_keys import client_keys
from handlers.config.listeners import listeners_of
from handlers.config.settings import Settings
from handlers.server.observability.metrics.definitions import (
    BUILD_INFO,
    CLIENT_CERTIFICATE_EXPIRY,
    CLIENT_PUBLIC_KEY_BITS,
    CLIENT_PUBLIC_KEYS,
    TLS_CERTIFICATE_EXPIRY,
    TOKEN_KEY_AGE,
    ComputedGauge,
)
from handlers.snap.keys import fingerprint

_Values = Mapping[tuple[str, ...], float]
"""Label values and values."""

_USES = {"public_keys": "calls", "notification_keys": "notifications"}


class InstallationMetrics(Collector):
    """Computes the gauges from the current settings. Key files are read again only after a reload."""

    def __init__(self, settings: Callable[[], Settings], now: Callable[[], datetime], contract_version: str) -> None:
        self._settings = settings
        self._now = now
        self._versions = (__version__, platform.python_version(), contract_version)
        self._known: tuple[Settings, list[GaugeMetricFamily]] | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Compute all gauges."""
        settings = self._settings()
        yield _family(BUILD_INFO, {self._versions: 1})
        yield _family(TOKEN_KEY_AGE, self._token_key_age(settings))
        yield _family(TLS_CERTIFICATE_EXPIRY, _certificate_ends(settings))
        if self._known is None or self._known[0] is not settings:
            self._known = settings, list(_of_keys(settings))
        yield from self._known[1]

    def _token_key_age(self, settings: Settings) -> _Values:
        try:
            return {(): settings.token.keys_file.minting_age(self._now()).total_seconds()}
        except OSError:  # The file is gone. The server keeps its keys, and a reload is refused.
            return {}


def _certificate_ends(settings: Settings) -> _Values:
    return {(name,): table.tls.chain.end.timestamp() for name, table in listeners_of(settings).items() if table.tls}


def _of_keys(settings: Settings) -> Iterator[GaugeMetricFamily]:
    keys = list(client_keys(settings))
    numbers = Counter[tuple[str, ...]]((each.client_id, _USES[each.purpose]) for each in keys)
    ends = {(each.client_id, fingerprint(each.key)): each.certificate_end for each in keys}
    yield _family(CLIENT_PUBLIC_KEYS, numbers)
    yield _family(CLIENT_PUBLIC_KEY_BITS, {(each.client_id, fingerprint(each.key)): each.key.key_size for each in keys})
    yield _family(CLIENT_CERTIFICATE_EXPIRY, {labels: end.timestamp() for labels, end in ends.items() if end})


def _family(gauge: ComputedGauge, values: _Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(gauge.name, gauge.help_text, labels=gauge.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
