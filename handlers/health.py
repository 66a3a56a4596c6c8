"""Liveness (the process answers) and readiness (the process can serve requests)."""

from collections.abc import Mapping

from handlers.services import Services
from handlers.snap.codes import SERVICE_UNAVAILABLE, SnapError

_OK = {"status": "ok"}


async def report_liveness(_services: Services) -> Mapping[str, object]:
    """Liveness depends on this process alone."""
    return _OK


async def report_readiness(services: Services) -> Mapping[str, object]:
    """Readiness depends on the state store too, unless the settings continue without it.

    Raises:
        SnapError: 503 00 if the state store failed a request, and no request has succeeded since.
    """
    policy = services.outage_policy
    is_state_up = policy.availability.up and services.revocations.is_fresh
    if not (is_state_up or policy.continues):
        raise SnapError(SERVICE_UNAVAILABLE, reason="state.down")
    return _OK
