"""Whether the process answers, and whether it can answer calls."""

import asyncio
from dataclasses import replace

import pytest

from handlers.health import report_liveness, report_readiness
from handlers.snap.codes import SERVICE_UNAVAILABLE, SnapError
from tests.calls import services, unread_copy
from tests.nicepay import Nicepay


def test_a_process_lives_whatever_its_engine_does(nicepay: Nicepay) -> None:
    """Liveness depends on the process alone."""
    known = services(nicepay)
    for each in (known, replace(known, revocations=unread_copy())):
        assert asyncio.run(report_liveness(each)) == {"status": "ok"}


def test_an_instance_is_ready_while_its_engine_answers(nicepay: Nicepay) -> None:
    """Readiness is lost with the engine, where calls are refused without it."""
    known = services(nicepay)
    assert asyncio.run(report_readiness(known)) == {"status": "ok"}
    with pytest.raises(SnapError) as refusal:
        asyncio.run(report_readiness(replace(known, revocations=unread_copy())))
    assert (refusal.value.code, refusal.value.reason) == (SERVICE_UNAVAILABLE, "state.down")
