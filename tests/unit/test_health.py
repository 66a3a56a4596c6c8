"""Whether the process answers, and whether it can answer calls."""

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


def test_a_process_lives_whatever_its_engine_does(nicepay: Nicepay) -> None:
    """Liveness depends on the process alone."""
    known = services(nicepay)
    for each in (known, replace(known, revocations=unloaded_revocations())):
        assert asyncio.run(report_liveness(each)) == {"status": "ok"}


@pytest.fixture
def without_engine(nicepay: Nicepay) -> list[Services]:
    """Instances whose copy of the revocations is old, and whose last write failed."""
    known = services(nicepay)
    full = replace(known, outage_policy=OutagePolicy("refuse"))
    full.outage_policy.availability.record_failure("write", StateDownError("full"))
    return [replace(known, revocations=unloaded_revocations()), full]


def test_an_instance_is_ready_while_its_engine_answers(nicepay: Nicepay, without_engine: list[Services]) -> None:
    """Readiness is lost with the engine, where calls are refused without it."""
    assert asyncio.run(report_readiness(services(nicepay))) == {"status": "ok"}
    for known in without_engine:
        with pytest.raises(SnapError) as refusal:
            asyncio.run(report_readiness(known))
        assert (refusal.value.code, refusal.value.reason) == (SERVICE_UNAVAILABLE, "state.down")


def test_an_instance_that_goes_on_is_ready(without_engine: list[Services]) -> None:
    """Where calls are answered without the engine, its failure does not count."""
    for known in without_engine:
        going_on = OutagePolicy("continue")
        going_on.availability.record_failure("write", StateDownError("full"))
        assert asyncio.run(report_readiness(replace(known, outage_policy=going_on))) == {"status": "ok"}
