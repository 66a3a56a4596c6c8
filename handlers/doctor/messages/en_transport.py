"""The messages about how time, headers, token and signature are written and sent, in English."""

from collections.abc import Mapping

from handlers.doctor.verdicts import Verdict

_CAPTURED = "If the request was captured earlier, give the time of the capture with --at."

TRANSPORT_TEXTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.CLOCK_WRONG_ZONE_LABEL: (
        "X-TIMESTAMP is off by {hours} hours: it shows the time of {zone}, but its offset is {label}.",
        f"Convert the time once, to the zone of the offset that you write, with hours from 00 to 23. {_CAPTURED}",
    ),
}
