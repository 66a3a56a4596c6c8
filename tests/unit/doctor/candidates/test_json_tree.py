"""JSON whose scalars keep the text in which they were written."""

import json

import pytest

from handlers.doctor.candidates.json_rewritings import LAYOUTS
from handlers.doctor.candidates.json_tree import Layout, Members, changed, parse, write

TEXT = '{"a\\/b":10.00,"a\\/b":-0,"list":[1e2,[],{}],"x":null,"deep":{"y":"\\u00e9"}}'


def test_a_text_is_written_again_as_it_was() -> None:
    """Numbers, escapes, the order of members and members that occur twice stay as they were."""
    assert write(parse(TEXT)) == TEXT
    assert changed(parse(TEXT)) == parse(TEXT)


@pytest.mark.parametrize(
    ("layout", "options"),
    [
        (Layout(", ", ": "), {}),
        (Layout(colon=": ", indent="  "), {"indent": 2}),
        (Layout(colon=": ", indent="\t"), {"indent": "\t"}),
    ],
)
def test_a_layout_is_the_one_of_python(layout: Layout, options: dict[str, int | str]) -> None:
    """The whitespace is the same as that of json.dumps."""
    value = {"a": [1, {"b": []}, [[]]], "c": {}, "d": {"e": "f"}}
    assert write(parse(json.dumps(value)), layout) == json.dumps(value, **options)  # type: ignore[arg-type]  # by name


def test_jackson_writes_arrays_on_one_line() -> None:
    """The layout of Jackson's DefaultPrettyPrinter has blanks around colons, and arrays on one line."""
    layout = next(layout for _, layout in LAYOUTS if layout.inline_arrays)
    text = '{\n  "a" : [ 1, 2 ],\n  "b" : [ {\n    "c" : 1\n  } ],\n  "d" : [ ],\n  "e" : { }\n}'
    assert write(parse('{"a":[1,2],"b":[{"c":1}],"d":[],"e":{}}'), layout) == text


@pytest.mark.parametrize("text", ["", "{", "a=1", '{"a":NaN}', "{1:2}", "[" * 33 + "]" * 33, '"\\x"'])
def test_a_text_that_is_not_json_is_refused(text: str) -> None:
    """Text that is not JSON, and JSON with more than 32 levels, raise ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_an_object_is_not_an_array() -> None:
    """An empty object and an empty array are written differently."""
    assert (write(Members()), write([])) == ("{}", "[]")
