"""What is recorded about a decision. The tests of both listeners are in tests/api/test_metrics.py."""

from pathlib import Path

import pytest

from handlers.config.settings import Settings
from handlers.server.http.response import Response
from handlers.server.observability.metrics.decisions import count_public_request, record_clock_skew
from handlers.services import Services
from tests.merchant import NOON, services_of, write_settings
from tests.metrics import increases, series
from tests.nicepay import CLIENT_KEY, Nicepay

SKEWS = series("snap_client_clock_skew_seconds_count", client=CLIENT_KEY)


@pytest.fixture
def services(tmp_path: Path, nicepay: Nicepay) -> Services:
    """The services of one client."""
    return services_of(Settings.load(write_settings(tmp_path, nicepay)), lambda: NOON)


@pytest.mark.parametrize(
    ("log_fields", "skews"),
    [({}, 0), ({"key": "k"}, 0), ({"clock_skew_seconds": 1.0}, 0), ({"key": "k", "clock_skew_seconds": 1.0}, 1)],
    ids=str,
)
def test_only_verified_requests_have_a_skew(services: Services, log_fields: dict[str, object], skews: int) -> None:
    """The log fields name the key only if the signature is valid."""
    fields = {"client_key": CLIENT_KEY, **log_fields}
    with increases() as risen:
        count_public_request(services, "issueAccessToken", ("issued", "200", ""), fields, Response({}))
    assert risen.get(SKEWS, 0) == skews


@pytest.mark.parametrize(
    ("log_fields", "skews"),
    [({"clock_skew_seconds": None}, 0), ({"clock_skew_seconds": 1.0}, 1), ({"clock_skew_seconds": 1.0, "key": "k"}, 0)],
    ids=str,
)
def test_a_clock_skew_counts_once(services: Services, log_fields: dict[str, object], skews: int) -> None:
    """If the decision itself verified the signature, the later verification for the clock alarm records nothing."""
    with increases() as risen:
        record_clock_skew(services, {"client_key": CLIENT_KEY, **log_fields})
    assert risen.get(SKEWS, 0) == skews
