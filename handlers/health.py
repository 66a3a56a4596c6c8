"""Whether the process answers, and whether it can answer calls."""

from collections.abc import Mapping

from handlers.services import Services
from handlers.snap.codes import SERVICE_UNAVAILABLE, SnapError

_OK = {"status": "ok"}


async def report_liveness(_services: Services) -> Mapping[str, object]:
    """Depends on nothing but this process."""
    return _OK


async def report_readiness(services: Services) -> Mapping[str, object]:
    """Depends on the state engine too, unless calls are answered without it. Keys were read before there were services.

    Raises:
        SnapError: 503 00, the engine failed a request, and no request has succeeded since.
    """
    well = services.outage_policy.availability.up and services.revocations.is_fresh
    if not (well or services.outage_policy.continues):
        raise SnapError(SERVICE_UNAVAILABLE, reason="state.down")
    return _OK
