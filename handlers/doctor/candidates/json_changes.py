"""Changes of a JSON tree: its members, its values, and the arrays and objects in it."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, product

from handlers.doctor.candidates import number_formats, string_escapes
from handlers.doctor.candidates.json_tree import Change, ChangeText, Members, Node, changed, parse, text_of, write

_MOST_MEMBERS_REMOVED = 16
_MOST_EMPTY_ARRAYS = 4
_LONGEST_NUMBER = 40
_DIGITS = "-0123456789"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER_IN_STRING = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER_NAME = re.compile(r'"(?:0|[1-9][0-9]{0,8})"')


def strings(change: ChangeText) -> Change:
    """Return a change of all JSON strings, names included."""
    return lambda node: changed(node, scalar=lambda each: change(each) if each[0] == '"' else each, name=change)


def values(change: ChangeText) -> Change:
    """Return a change of all strings that are values."""
    return lambda node: changed(node, scalar=lambda each: change(each) if each[0] == '"' else each)


def numbers(change: ChangeText) -> Change:
    """Return a change of all numbers."""
    return lambda node: changed(node, scalar=lambda each: change(each) if each[0] in _DIGITS else each)


def containers(change: Change) -> Change:
    """Return a change of all arrays and objects."""
    return lambda node: changed(node, container=change)


def in_turn(*changes: Change) -> Change:
    """Return a change that makes all these changes, one after the other."""

    def change(node: Node) -> Node:
        for each in changes:
            node = each(node)
        return node

    return change


def without_a_member(node: Node) -> Iterator[Node]:
    """Yield the object without one of its members, for each of the first members."""
    if isinstance(node, Members):
        for at in islice(range(len(node)), _MOST_MEMBERS_REMOVED):
            yield Members([*node[:at], *node[at + 1 :]])


def members_sorted(node: Node) -> Node:
    """Sort the members of an object by name."""
    return Members(sorted(node, key=lambda member: text_of(member[0]))) if isinstance(node, Members) else node


def some_empty_arrays_as_objects(node: Node) -> Iterator[Node]:
    """Yield the tree with some of its empty arrays as objects, for each choice of them."""
    count = write(node).count("[]")  # A string may contain the two brackets too.
    for chosen in product((False, True), repeat=count) if 1 < count <= _MOST_EMPTY_ARRAYS else ():
        yield changed(node, container=_chosen_arrays_as_objects(iter(chosen)))


def _chosen_arrays_as_objects(chosen: Iterator[bool]) -> Change:
    return lambda node: Members() if node == [] and next(chosen, False) else node


def only_names_of_outermost(node: Node) -> Node:
    """Keep only the members whose names the outermost object has, sorted, as JSON.stringify does with an array."""
    if not isinstance(node, Members):
        return node
    names = {name for name, _ in node}

    def change(each: Node) -> Node:
        if not isinstance(each, Members):
            return each
        return members_sorted(Members(member for member in each if member[0] in names))

    return changed(node, container=change)


def without_duplicates(node: Node) -> Node:
    """Keep the last value of a name that occurs twice, in the place of the first."""
    return Members(dict(node).items()) if isinstance(node, Members) else node


def without(*unwanted: Node) -> Change:
    """Return a change of an object that removes all members with one of these values."""

    def change(node: Node) -> Node:
        return Members(each for each in node if each[1] not in unwanted) if isinstance(node, Members) else node

    return change


def empty_object_as_array(node: Node) -> Node:
    """Turn {} into [], as PHP does when it decodes objects as arrays."""
    return [] if node == [] else node


def empty_array_as_object(node: Node) -> Node:
    """Turn [] into {}."""
    return Members() if node == [] else node


def array_as_object(node: Node) -> Node:
    """Turn an array into an object with the positions as names, as JSON_FORCE_OBJECT does."""
    if isinstance(node, Members | str):
        return node
    return Members((f'"{place}"', value) for place, value in enumerate(node))


def integer_names_first(node: Node) -> Node:
    """Put members with integers as names first, as JavaScript does (ECMAScript, OrdinaryOwnPropertyKeys)."""
    if not isinstance(node, Members):
        return node
    integers = [each for each in node if _INTEGER_NAME.fullmatch(each[0])]
    rest = [each for each in node if each not in integers]
    return Members([*sorted(integers, key=lambda each: int(text_of(each[0]))), *rest])


def trimmed(string: str) -> str:
    """Remove the whitespace at both ends of a string."""
    text = text_of(string)
    return string if text == text.strip() else string_escapes.plain(json.dumps(text.strip()))


def object_as_string(node: Node) -> Node:
    """Encode the arrays and objects inside of an object as JSON strings."""
    if not isinstance(node, Members):
        return node
    return Members((name, each if isinstance(each, str) else json.dumps(write(each))) for name, each in node)


def string_as_object(node: Node) -> Node:
    """Decode strings that contain an array or an object."""
    if not isinstance(node, Members):
        return node
    return Members((name, _decoded(each)) for name, each in node)


def _decoded(node: Node) -> Node:
    if isinstance(node, str) and node[:2] in {'"{', '"['}:
        with suppress(ValueError):
            return parse(text_of(node))
    return node


def number_in_string(string: str) -> str:
    """Write a string that contains a number as the number, as JSON_NUMERIC_CHECK does."""
    text = text_of(string).strip(" \t\r\n")
    is_number = len(text) <= _LONGEST_NUMBER and _NUMBER_IN_STRING.fullmatch(text)
    return number_formats.php(text) if is_number else string


def capitalised(name: str) -> str:
    """Write a name with a capital letter, as .NET names its properties."""
    text = text_of(name)
    return string_escapes.plain(json.dumps(text[:1].upper() + text[1:]))


def in_snake_case(name: str) -> str:
    """Write a name in snake case."""
    return string_escapes.plain(json.dumps(_WORD.sub("_", text_of(name)).lower()))
