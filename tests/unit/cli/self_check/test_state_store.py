"""The choice of the checks for the engine of `state.url`."""

from pathlib import Path

import pytest

from handlers.cli.self_check.state_store import check_state
from handlers.state.opening import StateUrl


@pytest.mark.parametrize(
    ("url", "checks"),
    [
        ("memory://", {"state.persistence": "warning"}),
        ("sqlite:///state.db", {"state.integrity": "skipped"}),
        ("unix:///nowhere.sock?db=0", {"state.latency": "error"}),
        ("postgresql://127.0.0.1:1/db", {"state.latency": "error"}),
    ],
)
def test_each_engine_has_its_checks(tmp_path: Path, url: str, checks: dict[str, str]) -> None:
    """Memory is a risk, a SQLite file, a Redis and a PostgreSQL have checks of their own."""
    found = {each.check: each.severity for each in check_state(StateUrl(url, tmp_path))}
    assert found.items() >= checks.items()
