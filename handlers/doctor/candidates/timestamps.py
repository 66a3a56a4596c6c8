"""Other texts for nearly the same time. A client may have signed one of them instead of its X-TIMESTAMP."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import quote

from handlers.doctor import request_format
from handlers.doctor.verdicts import Evidence, Verdict
from handlers.snap.timestamp import JAKARTA, parse

FARTHEST_SECONDS = 900
"""The lifetime of a token. A client that reuses a timestamp by mistake does so for less time."""

_REFORMATTED_SECONDS = 3
_MILLISECONDS = 1_000
_WITA, _WIT = timezone(timedelta(hours=8)), timezone(timedelta(hours=9))
_FIRST_YEAR, _LAST_YEAR = 1_000, 9_999

Alternative = tuple[str, Verdict, Evidence]
"""Another text for the time, and the mistake of a client that signs it."""

_FORMATS: dict[str, Callable[[datetime], str]] = {
    "YYYY-MM-DDTHH:MM:SS+07:00": lambda at: _iso(at.astimezone(JAKARTA), "seconds"),
    "YYYY-MM-DDTHH:MM:SS.sss+07:00": lambda at: _iso(at.astimezone(JAKARTA), "milliseconds"),
    "YYYY-MM-DDTHH:MM:SSZ": lambda at: _plain_iso(at.astimezone(UTC), "seconds") + "Z",
    "YYYY-MM-DDTHH:MM:SS.sssZ": lambda at: _plain_iso(at.astimezone(UTC), "milliseconds") + "Z",
    "YYYY-MM-DDTHH:MM:SS+00:00": lambda at: _iso(at.astimezone(UTC), "seconds"),
    "YYYY-MM-DDTHH:MM:SS+0700": lambda at: f"{at.astimezone(JAKARTA):%Y-%m-%dT%H:%M:%S}+0700",
    "YYYY-MM-DDTHH:MM:SS (Jakarta)": lambda at: _plain_iso(at.astimezone(JAKARTA), "seconds"),
    "YYYY-MM-DDTHH:MM:SS (UTC)": lambda at: _plain_iso(at.astimezone(UTC), "seconds"),
    "YYYY-MM-DD HH:MM:SS (Jakarta)": lambda at: f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
    "YYYY-MM-DD HH:MM:SS (UTC)": lambda at: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
    "YYYYMMDDHHMMSS (Jakarta)": lambda at: f"{at.astimezone(JAKARTA):%Y%m%d%H%M%S}",
    "YYYY-MM-DD HH:MM:SS+07:00": lambda at: at.astimezone(JAKARTA).isoformat(" ", "seconds"),
    "YYYY-MM-DDTHH:MM:SSZ (Jakarta)": lambda at: _plain_iso(at.astimezone(JAKARTA), "seconds") + "Z",
    "YYYY-MM-DDTHH:MM:SS+07:00 (UTC)": lambda at: _plain_iso(at.astimezone(UTC), "seconds") + "+07:00",
    "YYYY-MM-DDTHH:MM:SS+08:00": lambda at: _iso(at.astimezone(_WITA), "seconds"),
    "YYYY-MM-DDTHH:MM:SS+09:00": lambda at: _iso(at.astimezone(_WIT), "seconds"),
    "YYYY-MM-DDTHH:MM:SS+07": lambda at: _plain_iso(at.astimezone(JAKARTA), "seconds") + "+07",
    "YYYY-MM-DDTHH:MM:SS.ssssss+07:00": lambda at: _iso(at.astimezone(JAKARTA), "microseconds"),
    "YYYY-MM-DDTHH:MM:SS.sss+0700": lambda at: _plain_iso(at.astimezone(JAKARTA), "milliseconds") + "+0700",
    "YYYY-MM-DDTHH:MM+07:00": lambda at: _iso(at.astimezone(JAKARTA), "minutes"),
    "RFC 9110 (GMT)": lambda at: format_datetime(at.astimezone(UTC), usegmt=True),
    "seconds since 1970": lambda at: str(int(at.timestamp())),
    "milliseconds since 1970": lambda at: str(int(at.timestamp() * _MILLISECONDS)),
}


def alternatives(text: str, *, farthest: int = FARTHEST_SECONDS) -> Iterator[Alternative]:
    """Yield other texts for a timestamp, the most likely ones first, at most `farthest` seconds away.

    If `text` is not a timestamp, only other encodings of it are returned.
    """
    yield from _encodings(text)
    # Arithmetic fails at both ends of the calendar, and no client signs a time there.
    if re.fullmatch(request_format.TIMESTAMP, text) and _FIRST_YEAR < parse(text).year < _LAST_YEAR:
        yield from _reformatted(text, parse(text))
        yield from _other_seconds(text, farthest)


def _encodings(text: str) -> Iterator[Alternative]:
    encoded = {
        "with quotes": f'"{text}"',
        "percent-encoded": quote(text, safe=""),
        "+ as a space": text.replace("+", " "),
        "lowercase": text.lower(),
    }
    for name, other in encoded.items():
        if other != text:
            yield other, Verdict.TIMESTAMP_SIGNED_REFORMATTED, {"form": name}


def _reformatted(text: str, instant: datetime) -> Iterator[Alternative]:
    for seconds in sorted(range(-_REFORMATTED_SECONDS, _REFORMATTED_SECONDS + 1), key=abs):
        for name, render in _FORMATS.items():
            other = render(instant + timedelta(seconds=seconds))
            # In the same format, another second belongs to `_other_seconds`.
            if len(other) != len(text) or (seconds == 0 and other != text):
                yield other, Verdict.TIMESTAMP_SIGNED_REFORMATTED, {"form": name}


def _other_seconds(text: str, farthest: int) -> Iterator[Alternative]:
    """Yield other seconds in the same format, with the same offset and fraction."""
    start, rest = text[:19], text[19:]
    local = datetime.fromisoformat(start)
    for seconds in sorted(range(-farthest, farthest + 1), key=abs):
        if seconds:
            other = _plain_iso(local + timedelta(seconds=seconds), "seconds") + rest
            yield other, Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND, {"seconds": seconds}
    if rest.startswith("."):
        yield from _other_milliseconds(text, local, rest.lstrip(".0123456789"))


def _other_milliseconds(text: str, local: datetime, offset: str) -> Iterator[Alternative]:
    """Yield other fractions of a second, the nearest ones first."""
    sent = datetime.fromisoformat(text.removesuffix(offset))
    fraction = (sent - local) / timedelta(milliseconds=1)
    for milliseconds in sorted(range(-_MILLISECONDS, 2 * _MILLISECONDS), key=lambda each: abs(each - fraction)):
        at = local + timedelta(milliseconds=milliseconds)
        other = _plain_iso(at, "milliseconds") + offset
        if other != text:
            evidence = {"seconds": f"{(at - sent).total_seconds():+.3f}"}
            yield other, Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND, evidence


def _iso(at: datetime, timespec: str) -> str:
    return at.isoformat(timespec=timespec)


def _plain_iso(at: datetime, timespec: str) -> str:
    return at.replace(tzinfo=None).isoformat(timespec=timespec)
