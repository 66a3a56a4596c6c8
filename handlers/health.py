"""Liveness (the process answers) and readiness (the process can serve requests)."""

from collections.abc import Mapping

from handlers.services import Services
from handlers.snap.codes import SERVICE_UNAVAILABLE

_SERVICE_CODE = "00"
_NOT_READY = {
    "responseCode": SERVICE_UNAVAILABLE.response_code(_SERVICE_CODE),
    "responseMessage": SERVICE_UNAVAILABLE.message,
}


async def report_liveness(_services: Services) -> Mapping[str, object]:
    """Liveness depends on this process alone."""
    return {"status": "ok"}


async def report_readiness(services: Services) -> Mapping[str, object] | tuple[Mapping[str, object], int]:
    """Readiness names the state of each part. The body of a 503 also has the members of a refusal.

    A refusal would be logged and counted as a decision. So this function returns the 503 and raises nothing.
    """
    readiness = {"status": _status(services), "parts": _parts(services)}
    if readiness["status"] == "ok":
        return readiness
    return {**_NOT_READY, **readiness}, SERVICE_UNAVAILABLE.status


def _status(services: Services) -> str:
    if services.is_draining():
        return "draining"
    trail = services.audit_trail
    can_decide = services.outage_policy.continues or _is_state_up(services)
    can_record = trail is None or trail.continues or trail.up
    return "ok" if can_decide and can_record else "not_ready"


def _parts(services: Services) -> Mapping[str, str]:
    trail = services.audit_trail
    return {
        "keys": "old" if services.settings_refused else "ok",
        "state": _part(is_up=_is_state_up(services)),
        "audit": _part(is_up=trail.up) if trail else "off",
        "tls": _tls(services),
    }


def _part(*, is_up: bool) -> str:
    return "ok" if is_up else "down"


def _tls(services: Services) -> str:
    """Whether a certificate of a listener expired. This alone makes no instance unready: the others have the same."""
    end = services.certificate_end
    if end is None:
        return "off"
    return "ok" if services.now() < end else "expired"


def _is_state_up(services: Services) -> bool:
    """Whether the last read and the last write succeeded, and the copy of the revocations is fresh."""
    return services.outage_policy.availability.up and services.revocations.is_fresh
