"""Changes of single values of JSON: amounts and dates in strings, and one value alone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations

from handlers.doctor.candidates.json_changes import number_in_string, trimmed
from handlers.doctor.candidates.json_tree import ChangeText, Members, Node, changed
from handlers.doctor.rewriting import Rewriting

_AMOUNT = re.compile(r'"([0-9]{1,15})(?:\.([0-9]{1,2}))?"')
_DATE = re.compile(r'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2}))"')
_MOST_VALUES = 32
_MOST_MEMBERS = 16


def amounts(style: str) -> ChangeText:
    """Return a change of decimal numbers in strings. `style` is a format of Python for the number."""

    def change(string: str) -> str:
        amount = _AMOUNT.fullmatch(string)
        return f'"{float(f"{amount[1]}.{amount[2]}"):{style}}"' if amount and amount[2] else string

    return change


def amount_as_number(string: str) -> str:
    """Write a string with a decimal number as this number, with the same digits."""
    amount = _AMOUNT.fullmatch(string)
    return string[1:-1] if amount and amount[2] else string


def amount_in_indonesian(string: str) -> str:
    """Write a decimal number in a string as in Indonesia: 10000.00 becomes 10.000,00."""
    return amounts(",.2f")(string).translate(str.maketrans(",.", ".,")) if _is_decimal(string) else string


def dates(style: str) -> ChangeText:
    """Return a change of dates in strings, which writes them in UTC. `style` is a format of strftime."""

    def change(string: str) -> str:
        found = _DATE.fullmatch(string)
        try:
            return f'"{datetime.fromisoformat(found[1]).astimezone(UTC):{style}}"' if found else string
        except (ValueError, OverflowError):  # There is no such day, or it is the last one of the calendar.
            return string

    return change


def one_value_changed(node: Node) -> Iterator[tuple[Rewriting, Node]]:
    """Yield the tree with one value trimmed, without decimals, or as a number, for each of the first values."""
    for name, change in _OF_ONE_VALUE:
        for place in range(_MOST_VALUES):
            yield name, changed(node, scalar=_only_at(place, change))


def without_two_members(node: Node) -> Iterator[Node]:
    """Yield the object without two of its members."""
    if isinstance(node, Members) and len(node) <= _MOST_MEMBERS:
        for first, second in combinations(range(len(node)), 2):
            yield Members(each for at, each in enumerate(node) if at not in {first, second})


def inner_objects(node: Node) -> Iterator[Node]:
    """Yield the arrays and objects that are members of the object."""
    if isinstance(node, Members):
        yield from (value for _, value in node[:_MOST_MEMBERS] if not isinstance(value, str))


def _only_at(place: int, change: ChangeText) -> ChangeText:
    places = iter(range(_MOST_VALUES * _MOST_VALUES))

    def only_there(scalar: str) -> str:
        return change(scalar) if next(places, -1) == place and scalar[0] == '"' else scalar

    return only_there


def _is_decimal(string: str) -> bool:
    amount = _AMOUNT.fullmatch(string)
    return bool(amount and amount[2])


_OF_ONE_VALUE: tuple[tuple[Rewriting, ChangeText], ...] = (
    (Rewriting.STRINGS_TRIMMED, trimmed),
    (Rewriting.STRINGS_AS_NUMBERS, number_in_string),
    (Rewriting.STRINGS_AS_NUMBERS, amount_as_number),
    (Rewriting.AMOUNTS_REFORMATTED, amounts(".0f")),
)
