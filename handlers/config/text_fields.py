"""Fields of the settings for text. A message about bad text says in words what is allowed."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from handlers.snap.client import CLIENT_KEY

VISIBLE_36 = "1 to 36 visible ASCII characters"
"""The description of a client ID and of a partner ID (ASPI, X-CLIENT-KEY and X-PARTNER-ID)."""

_NOT_VISIBLE_ASCII = re.compile(r"[^!-~]")


def matching(pattern: str, description: str) -> AfterValidator:
    """Require text that matches the whole regular expression. Without it, the message is that of `text_mistake`."""

    def require(value: str) -> str:
        if re.fullmatch(pattern, value):
            return value
        raise ValueError(text_mistake(value, description))

    return AfterValidator(require)


def text_mistake(value: str, description: str) -> str:
    """What is wrong with a text, in words that need no regular expression. The message does not repeat the text.

    `description` is what the text must be, such as "1 to 36 visible ASCII characters". If it begins with a number of
    characters, the message also says how many were found. A character that is not visible ASCII is named.
    """
    found = [f"found {len(value)} character{'s' * (len(value) != 1)}"] if description[0].isdigit() else []
    strange = _NOT_VISIBLE_ASCII.search(value)
    found += [f"character {strange.start() + 1} is {_name(strange[0])}"] if strange else []
    return "; ".join([f"must be {description}", *found])


def _name(character: str) -> str:
    """The name of a character that a person may not see, such as `U+00A0 NO-BREAK SPACE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()


def _reject_dot_segments(value: str) -> str:
    if {".", ".."} & set(value.split("/")):
        message = "must not contain the path segments . and .."
        raise ValueError(message)
    return value


def _base_path(value: str) -> str:
    return _reject_dot_segments(value.rstrip("/"))


Visible36 = Annotated[str, matching(CLIENT_KEY.pattern, VISIBLE_36)]

Host = Annotated[
    str, matching(r"(?!.*://|\[|[^:]*:[0-9]+\Z)[!-~]+", "a name or an IP address, without http:// and without a port")
]

BasePath = Annotated[
    str,
    matching(r"(/[A-Za-z0-9._~-]+)*/?", "a path such as /api/v1.0, of letters, digits and ._~- after each slash"),
    AfterValidator(_base_path),
]
"""A slash at the end is removed."""

ServicePath = Annotated[
    str,
    matching(
        r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+",
        "a path such as /v1.0/transfer-va/inquiry, without a query, % or a slash at its end",
    ),
    AfterValidator(_reject_dot_segments),
]

ServiceCode = Annotated[str, matching(r"[0-9]{2}", '2 digits, such as "24"')]

Method = Annotated[str, matching(r"[A-Z]{1,16}", "1 to 16 capital letters, such as POST")]

Location = Annotated[
    str,
    matching(r"@[A-Za-z0-9._-]+|/[A-Za-z0-9._~/-]*", "a location of nginx, such as @merchant or /internal/merchant"),
]
"""A named location of nginx, or the path of an internal location."""
