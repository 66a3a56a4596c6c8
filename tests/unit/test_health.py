"""Liveness and readiness."""

import asyncio
from dataclasses import replace

import pytest

from handlers.health import report_liveness, report_readiness
from handlers.services import Services
from handlers.snap.codes import SERVICE_UNAVAILABLE, SnapError
from handlers.state.outage import OutagePolicy
from handlers.state.port import StateDownError
from tests.calls import services, unloaded_revocations
from tests.nicepay import Nicepay


def test_liveness_ignores_the_state_store(nicepay: Nicepay) -> None:
    """Liveness depends on the process alone."""
    merchant = services(nicepay)
    for each in (merchant, replace(merchant, revocations=unloaded_revocations())):
        assert asyncio.run(report_liveness(each)) == {"status": "ok"}


@pytest.fixture
def without_engine(nicepay: Nicepay) -> list[Services]:
    """Services with an old copy of the revocations, and services whose last write failed."""
    merchant = services(nicepay)
    full = replace(merchant, outage_policy=OutagePolicy("refuse"))
    full.outage_policy.availability.record_failure("write", StateDownError("full"))
    return [replace(merchant, revocations=unloaded_revocations()), full]


def test_readiness_needs_the_state_store(nicepay: Nicepay, without_engine: list[Services]) -> None:
    """An instance that refuses requests during an outage is not ready then."""
    assert asyncio.run(report_readiness(services(nicepay))) == {"status": "ok"}
    for merchant in without_engine:
        with pytest.raises(SnapError) as refusal:
            asyncio.run(report_readiness(merchant))
        assert (refusal.value.code, refusal.value.reason) == (SERVICE_UNAVAILABLE, "state.down")


def test_an_instance_that_continues_is_ready(without_engine: list[Services]) -> None:
    """An instance that continues without the state store stays ready."""
    for merchant in without_engine:
        going_on = OutagePolicy("continue")
        going_on.availability.record_failure("write", StateDownError("full"))
        assert asyncio.run(report_readiness(replace(merchant, outage_policy=going_on))) == {"status": "ok"}
