"""Placeholders in captures: variables that a program replaces when it sends the request, and masked values."""

import re
from collections.abc import Mapping

from handlers.cli.captured.captured_request import parse_error
from handlers.cli.errors import UsageError
from handlers.doctor.candidates.placeholders import is_mask
from handlers.doctor.request import Request

_VARIABLE = re.compile(r"\{\{\s{0,8}([^{}\n]{1,80}?)\s{0,8}\}\}|\{%[^{}\n]{1,200}%\}")
_SERVER = re.compile(r"\A\{\{[^{}\n]{1,80}\}\}(?=/)")

_SIGNED = ("X-SIGNATURE", "X-TIMESTAMP", "X-CLIENT-KEY", "X-PARTNER-ID", "Authorization")
_BEARER = re.compile(r"\A[\"']?Bearer\s+")


def require_values(request: Request) -> None:
    """Require the values of the headers that SNAP checks, because no diagnosis is possible without them.

    `{{signature}}`, `${signature}` and `<signature>` stay, because clients really send them. The doctor names them.

    Raises:
        UsageError: a header has a variable or a masked value, such as `%SIGNATURE%` or `***`.
    """
    for name in _SIGNED:
        if any(is_mask(_BEARER.sub("", value).strip("\"'")) for value in request.all(name)):
            message = f"{name} has a variable or a masked value in place of its value; give the request as it was sent"
            raise UsageError(message)


def filled_in(text: str, variables: Mapping[str, str], form: str) -> str:
    """The text with the values that the export has.

    Raises:
        UsageError: the export does not have the value of a variable, such as the signature that a script calculates.
    """
    filled = _VARIABLE.sub(lambda found: variables.get(found[1] or "", found[0]), text)
    missing = _VARIABLE.search(filled)
    if missing:
        advice = "give the request as it was sent: copy it from the console of the program, or as a curl command"
        raise parse_error(form, f"it has the variable {missing[0]} without a value; {advice}")
    return filled


def filled_in_url(url: str, variables: Mapping[str, str], form: str) -> str:
    """The same for a URL. It may begin with a variable for the server, which the verdict does not need."""
    filled = _VARIABLE.sub(lambda found: variables.get(found[1] or "", found[0]), url)
    return filled_in(_SERVER.sub("", filled), variables, form)
