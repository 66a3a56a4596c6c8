"""Additional members for the refusals of a service, such as `virtualAccountData`, with values from the refused call.

SNAP's body of a refusal has two members. Some acquirers expect more. A template is a JSON object. A text in it that
begins with `$` is a placeholder: `$body.NAME` or `$header.NAME`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Never

from orjson import Fragment

from handlers.snap import json_body
from handlers.snap.codes import SnapError

LARGEST_TEMPLATE = 8_192
"""Bytes."""

DEEPEST = 8
"""The most levels of objects and arrays in a template."""

MOST_PLACEHOLDERS = 32

LONGEST_VALUE = 255
"""The most characters of a text that a refusal repeats."""

LONGEST_NUMBER = 32
"""The most characters of a number that a refusal repeats."""

LARGEST_PARSED = 16_384
"""Bytes. A larger body is not parsed, because everybody can send one, and parsing takes time."""

HEADERS = ("CHANNEL-ID", "ORIGIN", "X-CLIENT-KEY", "X-EXTERNAL-ID", "X-PARTNER-ID", "X-TIMESTAMP")
"""The headers whose values a refusal may repeat. None of them is secret."""

_RESERVED = frozenset({"responsecode", "responsemessage"})
_PLACEHOLDER = re.compile(rf"\$body(\.[A-Za-z0-9_-]+){{1,{DEEPEST}}}|\$header\.({'|'.join(HEADERS)})", re.IGNORECASE)
_PLACEHOLDER_RULE = (
    f"a text that begins with $ must be $body.NAME or $header.NAME; a header is one of {', '.join(HEADERS)}"
)
_TOO_DEEP = f"it has more than {DEEPEST} levels"
_RESERVED_RULE = "the server sets this member; remove it"
_NUMBER_RULE = "the number is too large"
_UNICODE_RULE = "it has half of a surrogate pair"
_DUPLICATE_RULE = "the member occurs twice in one object"
_LIMIT = 2**63
_MOST_DIGITS = 20

Header = Callable[[str], str]
"""Returns the value of a header, or an empty text if the header is absent or repeated."""


def applies_to(status: int) -> bool:
    """Whether refusals with this HTTP status have the members: each 4xx except 401 (one implementation, for BCA)."""
    is_of_client = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_of_client and status != HTTPStatus.UNAUTHORIZED


@dataclass(frozen=True, slots=True)
class RefusalMembers:
    """A valid template."""

    template: Mapping[str, object]

    @classmethod
    def parse(cls, text: str) -> "RefusalMembers":
        """Read a template.

        Raises:
            ValueError: The text is not a valid template. The message has the place in it.
        """
        if len(text.encode()) > LARGEST_TEMPLATE:
            message = f"it is larger than {LARGEST_TEMPLATE} bytes"
            raise ValueError(message)
        try:
            template = json.loads(
                text, object_pairs_hook=_without_duplicates, parse_int=_integer, parse_constant=_refuse
            )
        except RecursionError as error:
            raise _mistake(_TOO_DEEP) from error
        except json.JSONDecodeError as error:
            message = f"it is not JSON: {error}"
            raise ValueError(message) from error
        if not isinstance(template, dict) or not template:
            message = "it must be a JSON object with at least one member"
            raise ValueError(message)
        _require_valid(template)
        return cls(template)

    def filled(self, header: Header, body: bytes) -> Mapping[str, object]:
        """Return the members for one refusal. A value that the call does not have becomes an empty text.

        So does a value that is neither text nor number, or is too long, and each value of a body that is not JSON.
        """
        content = _content(body)

        def value_of(placeholder: str) -> object:
            source, *names = placeholder.removeprefix("$").split(".")
            return _bounded(header(names[0]) if source.lower() == "header" else _at(content, names))

        return {name: _filled(value, value_of) for name, value in self.template.items()}


def _require_valid(template: Mapping[str, object]) -> None:
    for name in template:
        if name.lower() in _RESERVED:
            raise _mistake(_RESERVED_RULE, name)
    placeholders = 0
    for place, value in _leaves("", template, DEEPEST):
        if isinstance(value, str) and value.startswith("$"):
            placeholders += 1
            if not _PLACEHOLDER.fullmatch(value):
                raise _mistake(_PLACEHOLDER_RULE, place)
        elif isinstance(value, int | float) and not -_LIMIT < value < _LIMIT:
            raise _mistake(_NUMBER_RULE, place)
    if placeholders > MOST_PLACEHOLDERS:
        message = f"it has {placeholders} placeholders; at most {MOST_PLACEHOLDERS} are allowed"
        raise ValueError(message)


def _leaves(place: str, value: object, levels: int) -> Iterator[tuple[str, object]]:
    """Every value that is not an object or an array, and every name of a member, with its place."""
    if isinstance(value, dict | list) and levels == 0:
        raise _mistake(_TOO_DEEP, place)
    if isinstance(value, dict):
        for name, member in value.items():
            _require_unicode(place, name)
            yield from _leaves(f"{place}.{name}", member, levels - 1)
    elif isinstance(value, list):
        for at, member in enumerate(value):
            yield from _leaves(f"{place}[{at}]", member, levels - 1)
    else:
        _require_unicode(place, value)
        yield place, value


def _require_unicode(place: str, value: object) -> None:
    try:
        str(value).encode()
    except UnicodeEncodeError as error:
        raise _mistake(_UNICODE_RULE, place) from error


def _mistake(rule: str, place: str = "") -> ValueError:
    return ValueError(f"{place.lstrip('.')}: {rule}" if place else rule)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    for name in members:
        if sum(each == name for each, _ in pairs) > 1:
            raise _mistake(_DUPLICATE_RULE, name)
    return members


def _integer(text: str) -> int | float:
    """The integer. Python refuses to read thousands of digits, so a long one is rounded. It is too large anyway."""
    return int(text) if len(text) <= _MOST_DIGITS else float(text)


def _refuse(constant: str) -> Never:
    message = f"it is not JSON: {constant}"
    raise ValueError(message)


def _content(body: bytes) -> object:
    """The value of the body, or None if it is no JSON or too large."""
    if not body or len(body) > LARGEST_PARSED:
        return None
    try:
        return json_body.parse(body)
    except SnapError:
        return None


def _at(value: object, names: list[str]) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _bounded(value: object) -> object:
    """The text, or the number with the digits that the caller wrote. Otherwise an empty text."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else ""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    text = str(value)
    return Fragment(text) if len(text) <= LONGEST_NUMBER else ""


def _filled(value: object, value_of: Callable[[str], object]) -> object:
    if isinstance(value, dict):
        return {name: _filled(member, value_of) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, value_of) for member in value]
    return value_of(value) if isinstance(value, str) and value.startswith("$") else value
