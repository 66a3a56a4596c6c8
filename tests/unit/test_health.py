"""Liveness and readiness."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from handlers.audit.writer import TrailWriter
from handlers.health import report_liveness, report_readiness
from handlers.services import Services
from handlers.state.outage import OutagePolicy
from handlers.state.port import StateDownError
from tests.calls import services, unloaded_revocations
from tests.nicepay import Nicepay

REFUSAL = {"responseCode": "5030000", "responseMessage": "Service Unavailable"}
GOOD = {"keys": "ok", "state": "ok", "audit": "off", "tls": "off"}


def _trail(*, up: bool, continues: bool = False) -> TrailWriter:
    """An audit trail that can be written, or cannot."""
    return cast("TrailWriter", SimpleNamespace(up=up, continues=continues))


def _readiness(services: Services) -> tuple[Mapping[str, object], int]:
    result = asyncio.run(report_readiness(services))
    return result if isinstance(result, tuple) else (result, 200)


def _ready(**parts: str) -> tuple[Mapping[str, object], int]:
    return {"status": "ok", "parts": GOOD | parts}, 200


def _unready(status: str = "not_ready", **parts: str) -> tuple[Mapping[str, object], int]:
    return {**REFUSAL, "status": status, "parts": GOOD | parts}, 503


def test_liveness_depends_on_nothing(nicepay: Nicepay, without_engine: list[Services]) -> None:
    """Liveness depends on the process alone."""
    merchant = services(nicepay)
    dying = replace(merchant, is_draining=lambda: True, audit_trail=_trail(up=False))
    for each in (merchant, dying, *without_engine):
        assert asyncio.run(report_liveness(each)) == {"status": "ok"}


@pytest.fixture
def without_engine(nicepay: Nicepay) -> list[Services]:
    """Services with an old copy of the revocations, and services whose last write failed."""
    merchant = services(nicepay)
    full = replace(merchant, outage_policy=OutagePolicy("refuse"))
    full.outage_policy.availability.record_failure("write", StateDownError("full"))
    return [replace(merchant, revocations=unloaded_revocations()), full]


def test_readiness_needs_the_state_store(nicepay: Nicepay, without_engine: list[Services]) -> None:
    """An instance that refuses requests during an outage is not ready then, and names the state store."""
    assert _readiness(services(nicepay)) == _ready()
    for merchant in without_engine:
        assert _readiness(merchant) == _unready(state="down")


def test_an_instance_that_continues_is_ready(without_engine: list[Services]) -> None:
    """An instance that continues without the state store stays ready, and still names it."""
    for merchant in without_engine:
        going_on = OutagePolicy("continue")
        going_on.availability.record_failure("write", StateDownError("full"))
        assert _readiness(replace(merchant, outage_policy=going_on)) == _ready(state="down")


@pytest.mark.parametrize(
    ("trail", "expected"),
    [
        (_trail(up=True), _ready(audit="ok")),
        (_trail(up=False), _unready(audit="down")),
        (_trail(up=False, continues=True), _ready(audit="down")),
    ],
)
def test_readiness_needs_the_audit_trail(
    nicepay: Nicepay, trail: TrailWriter, expected: tuple[Mapping[str, object], int]
) -> None:
    """An instance that refuses requests while the audit trail cannot be written is not ready then."""
    assert _readiness(replace(services(nicepay), audit_trail=trail)) == expected


def test_refused_settings_show(nicepay: Nicepay) -> None:
    """An instance that refused new settings stays ready with its old keys, and says that they are old."""
    assert _readiness(replace(services(nicepay), settings_refused=True)) == _ready(keys="old")


def test_a_draining_instance_is_not_ready(nicepay: Nicepay, without_engine: list[Services]) -> None:
    """After a stop signal the instance is not ready, whatever the condition of its parts."""
    assert _readiness(replace(services(nicepay), is_draining=lambda: True)) == _unready("draining")
    for merchant in without_engine:
        assert _readiness(replace(merchant, is_draining=lambda: True)) == _unready("draining", state="down")


def test_an_expired_certificate_leaves_the_instance_ready(nicepay: Nicepay) -> None:
    """Readiness names the certificate of the listeners. The other instances have the same one."""
    merchant = services(nicepay)
    for left, condition in ((timedelta(seconds=1), "ok"), (timedelta(), "expired")):
        with_tls = replace(merchant, certificate_end=merchant.now() + left, now=merchant.now)
        assert _readiness(with_tls) == _ready(tls=condition)
