"""The metrics page as an operation."""

import asyncio
from pathlib import Path

from handlers.config.settings import Settings
from handlers.metrics import report_metrics
from handlers.server.observability.metrics.exposition import OPENMETRICS
from handlers.services import Services
from tests.merchant import NOON, services_of, write_settings
from tests.nicepay import Nicepay


def test_the_page_has_the_accepted_format(tmp_path: Path, nicepay: Nicepay) -> None:
    """The services make the page. Services without metrics have an empty one."""
    services = services_of(Settings.load(write_settings(tmp_path, nicepay)), lambda: NOON)
    _page, headers = asyncio.run(report_metrics(services, accept="application/openmetrics-text"))
    assert headers["Content-Type"] == OPENMETRICS
    bare = Services(**{name: getattr(services, name) for name in _DEMANDED})
    assert asyncio.run(report_metrics(bare)) == (b"", {})


_DEMANDED = ("now", "clients", "token_keys", "state", "revocations", "outage_policy")
