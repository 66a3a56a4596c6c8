"""The times of `snap-token audit show`: days in Jakarta, or times with their offset."""

import re
from datetime import date, datetime, time, timedelta

from handlers.cli.errors import UsageError
from handlers.snap.timestamp import JAKARTA, parse

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(rf"{_DAY.pattern}[Tt ][0-9:]{{8}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})")


def start_of(text: str | None) -> datetime | None:
    """The time of --from. A day is its first moment in Jakarta.

    Raises:
        UsageError: the text is neither a day nor a time with its offset.
    """
    return None if text is None else _time("--from", text, timedelta())


def end_of(text: str | None) -> datetime | None:
    """The time before which lines must be, from --to. A day, or a second, is part of the period.

    Raises:
        UsageError: the text is neither a day nor a time with its offset.
    """
    if text is None:
        return None
    return _time("--to", text, timedelta(days=1) if _DAY.fullmatch(text) else timedelta(seconds=1))


def _time(option: str, text: str, length: timedelta) -> datetime:
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), JAKARTA) + length
        if _TIME.fullmatch(text):
            return parse(text.upper()) + length
    except (ValueError, OverflowError):
        pass
    message = f"{option} must be a day in Jakarta such as 2026-01-22, or a time such as 2026-01-22T12:00:05+07:00"
    raise UsageError(message)
