"""A captured request, and what the readers of all forms share."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from handlers.cli.captured.notes import Note
from handlers.cli.errors import UsageError
from handlers.doctor.request import Request

_REQUEST = "a request"
_FIRST_YEAR, _LAST_YEAR = 1971, 9998


class CapturedRequest(NamedTuple):
    """A request.

    `at` is when it was sent, and `status` is that of the response, if the capture has them. `notes` say what is wrong
    with the capture itself.
    """

    request: Request
    at: datetime | None = None
    status: int | None = None
    notes: tuple[Note, ...] = ()


def checked_year(at: datetime) -> datetime:
    """Return the time unchanged, if its year is one in which date arithmetic cannot overflow.

    Raises:
        ValueError: the year is not from 1971 to 9998.
    """
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        message = f"the year must be from {_FIRST_YEAR} to {_LAST_YEAR}"
        raise ValueError(message)
    return at


def http_date(text: str) -> datetime | None:
    """The time in a Date header. None if it is not a time with an offset."""
    try:
        date = checked_year(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else None


def parse_error(form: str, cause: object) -> UsageError:
    """The error for a capture that cannot be read in this form."""
    return UsageError(f"the request cannot be read as {form}: {' '.join(str(cause).split())}")


def model_error(form: str, error: ValidationError) -> UsageError:
    """The same for JSON of the wrong shape. It names the first place, and repeats no value."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "the file"
    match first["type"]:
        case "too_short":
            return parse_error(form, f"{place} is empty, so there is no request")
        case "missing":
            return parse_error(form, f"{place} is missing")
        case "value_error":
            return parse_error(form, f"{place}: {first['msg'].removeprefix('Value error, ')}")
        case "json_invalid":
            return parse_error(form, first["msg"])
    return parse_error(form, f"{place} has a wrong type or value")


def with_host(url: str, headers: list[tuple[str, str]]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The request target of a URL, and the headers with the Host header that a client takes from the URL."""
    if url.startswith("/"):
        return url, tuple(headers)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise parse_error(_REQUEST, f"its URL is not valid: {error}") from error
    has_host = any(name.lower() == "host" for name, _ in headers)
    host = [] if has_host or not parts.netloc else [("Host", parts.netloc.rpartition("@")[2])]
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", (*host, *headers)
