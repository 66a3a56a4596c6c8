"""How long parts of a decision take."""

import pytest

from handlers.server.observability.metrics.timers import StateTimer, time_verification
from handlers.state.port import DataLossError, StateDownError
from tests.metrics import increases, series


@pytest.mark.parametrize(
    ("error", "errors"), [(StateDownError("gone"), 1), (DataLossError(), 0), (KeyError("other"), 0)], ids=type
)
def test_errors_of_the_state_store_are_counted(error: Exception, errors: int) -> None:
    """Only a store that is down counts as an error. The time counts in each case."""
    with increases() as risen, pytest.raises(type(error)), StateTimer("revoke"):
        raise error
    assert risen[series("snap_state_operation_seconds_count", operation="revoke")] == 1
    assert risen.get(series("snap_state_errors_total", operation="revoke"), 0) == errors


def test_the_time_of_a_verification_is_measured() -> None:
    """Each verification counts once, with the form of its request."""
    with increases() as risen, time_verification("body-signed"):
        pass
    labels = {"form": "body-signed"}
    assert risen[series("snap_signature_verification_seconds_count", **labels)] == 1
    assert 0 < risen[series("snap_signature_verification_seconds_sum", **labels)] < 1
