"""Other texts for nearly the same instant: what a client may have signed in place of the X-TIMESTAMP that it sent."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from handlers.doctor import form
from handlers.doctor.verdicts import Evidence, Verdict
from handlers.snap.timestamp import JAKARTA, parse

FARTHEST_SECONDS = 900
"""How far another second is looked for: a token's life, and more than a client keeps a timestamp by mistake."""

_REFORMATTED_SECONDS = 3
_MILLISECONDS = 1_000
_FIRST_YEAR, _LAST_YEAR = 1_000, 9_999

Other = tuple[str, Verdict, Evidence]

_FORMS: dict[str, Callable[[datetime], str]] = {
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
    "seconds since 1970": lambda at: str(int(at.timestamp())),
    "milliseconds since 1970": lambda at: str(int(at.timestamp() * _MILLISECONDS)),
}


def others(text: str, *, farthest: int = FARTHEST_SECONDS) -> Iterator[Other]:
    """Texts that are not the one that was sent; the likeliest first. Nothing but spellings if it is no timestamp."""
    yield from _spellings(text)
    # Beside the ends of the calendar there is nothing that a client signs.
    if re.fullmatch(form.TIMESTAMP, text) and _FIRST_YEAR < parse(text).year < _LAST_YEAR:
        yield from _reformatted(text, parse(text))
        yield from _other_seconds(text, farthest)


def _spellings(text: str) -> Iterator[Other]:
    spelt = {
        "with quotes": f'"{text}"',
        "percent-encoded": quote(text, safe=""),
        "+ as a space": text.replace("+", " "),
    }
    for name, other in spelt.items():
        if other != text:
            yield other, Verdict.TIMESTAMP_SIGNED_REFORMATTED, {"form": name}


def _reformatted(text: str, instant: datetime) -> Iterator[Other]:
    for seconds in sorted(range(-_REFORMATTED_SECONDS, _REFORMATTED_SECONDS + 1), key=abs):
        for name, render in _FORMS.items():
            other = render(instant + timedelta(seconds=seconds))
            # Another second of the same form is no other form.
            if len(other) != len(text) or (seconds == 0 and other != text):
                yield other, Verdict.TIMESTAMP_SIGNED_REFORMATTED, {"form": name}


def _other_seconds(text: str, farthest: int) -> Iterator[Other]:
    """In the very form of the text: its offset and its fraction stay."""
    start, rest = text[:19], text[19:]
    local = datetime.fromisoformat(start)
    for seconds in sorted(range(-farthest, farthest + 1), key=abs):
        if seconds:
            other = _plain_iso(local + timedelta(seconds=seconds), "seconds") + rest
            yield other, Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND, {"seconds": seconds}
    if rest.startswith("."):
        yield from _other_milliseconds(text, local, rest.lstrip(".0123456789"))


def _other_milliseconds(text: str, local: datetime, offset: str) -> Iterator[Other]:
    """The nearest first."""
    sent = datetime.fromisoformat(text.removesuffix(offset))
    fraction = (sent - local) / timedelta(milliseconds=1)
    for milliseconds in sorted(range(-_MILLISECONDS, 2 * _MILLISECONDS), key=lambda each: abs(each - fraction)):
        at = local + timedelta(milliseconds=milliseconds)
        other = _plain_iso(at, "milliseconds") + offset
        if other != text:
            facts = {"seconds": f"{(at - sent).total_seconds():+.3f}"}
            yield other, Verdict.TIMESTAMP_SIGNED_ANOTHER_SECOND, facts


def _iso(at: datetime, timespec: str) -> str:
    return at.isoformat(timespec=timespec)


def _plain_iso(at: datetime, timespec: str) -> str:
    return at.replace(tzinfo=None).isoformat(timespec=timespec)
