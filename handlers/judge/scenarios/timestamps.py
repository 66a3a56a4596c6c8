"""Timestamps that are not of now, or none at all; each is signed as it is sent, so nothing else is wrong."""

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta

from handlers.judge.exchange import Request
from handlers.judge.expectations import refused, refused_if_at_all, unissued
from handlers.judge.player import Player
from handlers.judge.scenario import ASPI, DOCUMENT, Expectation, Scenario, Severity, each
from handlers.judge.scenarios.syntax import MALFORMED, UNAUTHORIZED
from handlers.snap.timestamp import JAKARTA, render

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WINDOW = f"{DOCUMENT}, Time window; {ASPI}, response codes"


def _off(by: timedelta) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.at(render(player.moment() + by))]


_stale = _off(-_HOUR)


def _mislabelled(player: Player) -> Sequence[Request]:
    return [player.at(player.moment().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+07:00"))]


def _written(*forms: str) -> Callable[[Player], Sequence[Request]]:
    """The present time in Jakarta, in other forms."""
    return lambda player: [player.at(player.moment().astimezone(JAKARTA).strftime(form)) for form in forms]


def _time(  # noqa: PLR0913  a row of the table
    name: str,
    severity: Severity,
    says: str,
    asks: Callable[[Player], Sequence[Request]],
    expected: Expectation = unissued,
    *,
    source: str = _WINDOW,
) -> Scenario:
    return Scenario(f"timestamp.{name}", severity, says, source, asks, each(expected))


SCENARIOS = (
    _time(
        "stale",
        Severity.CRITICAL,
        "A request signed an hour ago is refused, as whoever recorded it could use it for ever.",
        _stale,
    ),
    _time(
        "code",
        Severity.MAJOR,
        f"A stale request is refused with {UNAUTHORIZED} or {MALFORMED[0]}, as the sources differ; others mislead.",
        _stale,
        refused_if_at_all(UNAUTHORIZED, *MALFORMED),
        source=f"{ASPI}, response codes; BCA, the same service: 4007301 for any bad X-TIMESTAMP",
    ),
    _time(
        "future",
        Severity.CRITICAL,
        "A request dated an hour ahead is refused, as it could be signed once and be kept for later.",
        _off(_HOUR),
    ),
    _time(
        "yesterday",
        Severity.CRITICAL,
        "The same time of yesterday is refused, as the date counts like the time of the day.",
        _off(-_DAY),
    ),
    _time(
        "local_time_labelled_jakarta",
        Severity.MAJOR,
        "UTC's local time labelled +07:00 is refused, as it lies 25,200 seconds in the past, whoever sends it.",
        _mislabelled,
        source=f"python-nicepay, nodejs-nicepay (official NICEPAY clients); {DOCUMENT}, Time window",
    ),
    _time(
        "malformed",
        Severity.MAJOR,
        "A timestamp in another notation is refused with 400, as clients are to learn that the form is wrong.",
        _written("%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S"),
        refused(*MALFORMED),
        source=f"{ASPI}, X-TIMESTAMP; BCA, the same service: 4007301",
    ),
    _time(
        "without_offset",
        Severity.MAJOR,
        "A timestamp without an offset is refused with 400, as it names no instant.",
        _written("%Y-%m-%dT%H:%M:%S"),
        refused(*MALFORMED),
        source=f"{ASPI}, X-TIMESTAMP: yyyy-MM-ddTHH:mm:ssTZD",
    ),
    _time(
        "impossible",
        Severity.MINOR,
        "The 30th of February and the 25th hour are refused with 400, and are not a failure of the server.",
        _written("%Y-02-30T%H:%M:%S+07:00", "%Y-%m-%dT25:%M:%S+07:00"),
        refused(*MALFORMED),
        source=f"{ASPI}, X-TIMESTAMP; ISO 8601",
    ),
)
