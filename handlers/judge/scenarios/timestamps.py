"""Timestamps outside the time window, and malformed timestamps. The signature is right, so nothing else is wrong."""

from collections.abc import Sequence
from datetime import UTC, timedelta

from handlers.judge.exchange import Request
from handlers.judge.expectations import no_token, refused_with, refused_with_or_served
from handlers.judge.scenario import ASPI, DOCUMENT, Expectation, Requests, Scenario, Severity, each
from handlers.judge.scenarios.syntax import MALFORMED, UNAUTHORIZED
from handlers.judge.signer import Signer
from handlers.snap.timestamp import JAKARTA, render

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WINDOW = f"{DOCUMENT}, Time window; {ASPI}, response codes"


def _off(by: timedelta) -> Requests:
    return lambda signer: [signer.signed_request(render(signer.unused_second() + by))]


_stale = _off(-_HOUR)


def _utc_labelled_jakarta(signer: Signer) -> Sequence[Request]:
    return [signer.signed_request(signer.unused_second().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+07:00"))]


def _in_formats(*formats: str) -> Requests:
    """Send the current time in Jakarta in other formats."""
    return lambda signer: [
        signer.signed_request(signer.unused_second().astimezone(JAKARTA).strftime(text)) for text in formats
    ]


def _time(  # noqa: PLR0913  a row of the table
    name: str,
    severity: Severity,
    rule: str,
    requests: Requests,
    expected: Expectation = no_token,
    *,
    source: str = _WINDOW,
) -> Scenario:
    return Scenario(f"timestamp.{name}", severity, rule, source, requests, each(expected))


SCENARIOS = (
    _time(
        "stale",
        Severity.CRITICAL,
        "A request signed an hour ago is refused, because otherwise everybody who recorded it could use it forever.",
        _stale,
    ),
    _time(
        "code",
        Severity.MAJOR,
        f"A stale request is refused with {UNAUTHORIZED} or {MALFORMED[0]}, because the sources name these two codes.",
        _stale,
        refused_with_or_served(UNAUTHORIZED, *MALFORMED),
        source=f"{ASPI}, response codes; BCA, the same service: 4007301 for any bad X-TIMESTAMP",
    ),
    _time(
        "future",
        Severity.CRITICAL,
        "A request dated an hour ahead is refused, because it could be signed now and used later.",
        _off(_HOUR),
    ),
    _time(
        "yesterday",
        Severity.CRITICAL,
        "The same time of yesterday is refused, because the date counts like the time of day.",
        _off(-_DAY),
    ),
    _time(
        "local_time_labelled_jakarta",
        Severity.MAJOR,
        "A UTC time with +07:00 appended is refused, because it lies 25,200 seconds in the past.",
        _utc_labelled_jakarta,
        source=f"python-nicepay, nodejs-nicepay (official NICEPAY clients); {DOCUMENT}, Time window",
    ),
    _time(
        "malformed",
        Severity.MAJOR,
        "A timestamp in another format is refused with 400, so that the client knows that the format is wrong.",
        _in_formats("%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S"),
        refused_with(*MALFORMED),
        source=f"{ASPI}, X-TIMESTAMP; BCA, the same service: 4007301",
    ),
    _time(
        "without_offset",
        Severity.MAJOR,
        "A timestamp without an offset is refused with 400, because it does not name one time.",
        _in_formats("%Y-%m-%dT%H:%M:%S"),
        refused_with(*MALFORMED),
        source=f"{ASPI}, X-TIMESTAMP: yyyy-MM-ddTHH:mm:ssTZD",
    ),
    _time(
        "impossible",
        Severity.MINOR,
        "The 30th of February and the hour 25 are refused with 400, and do not make the server fail.",
        _in_formats("%Y-02-30T%H:%M:%S+07:00", "%Y-%m-%dT25:%M:%S+07:00"),
        refused_with(*MALFORMED),
        source=f"{ASPI}, X-TIMESTAMP; ISO 8601",
    ),
)
