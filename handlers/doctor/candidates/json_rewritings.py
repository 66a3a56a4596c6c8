"""Rewritings of JSON: layouts, and changes of members, values, numbers and escapes."""

from itertools import product

from handlers.doctor.candidates import number_formats, string_escapes
from handlers.doctor.candidates.json_changes import (
    array_as_object,
    capitalised,
    containers,
    empty_array_as_object,
    empty_object_as_array,
    in_snake_case,
    in_turn,
    integer_names_first,
    members_sorted,
    number_in_string,
    numbers,
    object_as_string,
    only_names_of_outermost,
    string_as_object,
    strings,
    trimmed,
    values,
    without,
    without_duplicates,
)
from handlers.doctor.candidates.json_tree import COMPACT, Change, Layout, changed
from handlers.doctor.candidates.value_changes import amount_as_number, amount_in_indonesian, amounts, dates
from handlers.doctor.rewriting import Rewriting

LAYOUTS: tuple[tuple[Rewriting, Layout], ...] = (
    (Rewriting.COMPACT, COMPACT),
    (Rewriting.SPACED, Layout(", ", ": ")),
    (Rewriting.SPACED, Layout(",", ": ")),
    (Rewriting.INDENTED, Layout(colon=": ", indent="  ")),
    (Rewriting.INDENTED, Layout(colon=": ", indent="    ")),
    (Rewriting.INDENTED, Layout(colon=": ", indent="\t")),
    (Rewriting.INDENTED, Layout(colon=": ", indent="  ", newline="\r\n")),
    (Rewriting.INDENTED, Layout(colon=": ", indent="    ", newline="\r\n")),
    (Rewriting.INDENTED, Layout(colon=" : ", indent="  ", inline_arrays=True)),
    (Rewriting.INDENTED, Layout(colon=" : ", indent="  ", inline_arrays=True, newline="\r\n")),
)
"""The layouts of serialisers and tools. Jackson writes arrays on one line, and a blank before the colon."""

_NULL_FOR_EMPTY = values(lambda each: "null" if each == '""' else each)
_DATES = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S")
_PHP_ARRAYS = containers(empty_object_as_array)
_NO_DUPLICATES = containers(without_duplicates)
_SORTED = containers(members_sorted)
_PHP = tuple(
    (numbers(number), strings(string))
    for number, string in product(
        (number_formats.php, number_formats.php_with_fraction),
        (
            string_escapes.php,
            string_escapes.plain,
            string_escapes.php_unicode,
            string_escapes.non_ascii,
            string_escapes.php_hex,
        ),
    )
)
"""What json_encode does with numbers and strings, with each set of flags that is in use."""


CHANGES: tuple[tuple[Rewriting, Change], ...] = (
    (Rewriting.EMPTY_OBJECTS_AS_ARRAYS, _PHP_ARRAYS),
    (Rewriting.EMPTY_ARRAYS_AS_OBJECTS, containers(empty_array_as_object)),
    (Rewriting.ARRAYS_AS_OBJECTS, containers(array_as_object)),
    (Rewriting.EMPTY_STRINGS_AS_NULL, _NULL_FOR_EMPTY),
    (Rewriting.STRINGS_TRIMMED, values(trimmed)),
    (Rewriting.TRIMMED_AND_EMPTY_AS_NULL, in_turn(values(trimmed), _NULL_FOR_EMPTY)),
    (
        Rewriting.NULLS_AS_EMPTY_STRINGS,
        lambda node: changed(node, scalar=lambda each: '""' if each == "null" else each),
    ),
    (Rewriting.NULLS_REMOVED, containers(without("null"))),
    (Rewriting.EMPTY_REMOVED, containers(without("null", '""', []))),
    (Rewriting.EMPTY_REMOVED, without("null", '""', [])),
    (Rewriting.EMPTY_REMOVED, without("null", '""', '"0"', "0", "false", [])),
    (Rewriting.DUPLICATES_REMOVED, _NO_DUPLICATES),
    (Rewriting.OBJECTS_AS_STRINGS, object_as_string),
    (Rewriting.STRINGS_AS_OBJECTS, containers(string_as_object)),
    (Rewriting.NAMES_CAPITALISED, lambda node: changed(node, name=capitalised)),
    (Rewriting.NAMES_IN_SNAKE_CASE, lambda node: changed(node, name=in_snake_case)),
    *((Rewriting.AMOUNTS_REFORMATTED, values(amounts(style))) for style in (".0f", ".1f", ",.2f", ",.0f")),
    (Rewriting.AMOUNTS_REFORMATTED, values(amount_in_indonesian)),
    (Rewriting.STRINGS_AS_NUMBERS, values(amount_as_number)),
    *((Rewriting.DATES_REFORMATTED, values(dates(style))) for style in _DATES),
    (Rewriting.IN_AN_ARRAY, lambda node: [node]),
    (Rewriting.MEMBERS_SORTED, _SORTED),
    (Rewriting.MEMBERS_SORTED, members_sorted),
    (Rewriting.INNER_NAMES_LOST, only_names_of_outermost),
    (Rewriting.NUMBERS_WITHOUT_ZEROS, numbers(number_formats.javascript)),
    (Rewriting.NUMBERS_WITHOUT_ZEROS, numbers(number_formats.php)),
    (Rewriting.NUMBERS_WITH_ONE_ZERO, numbers(number_formats.php_with_fraction)),
    (Rewriting.NUMBERS_WITH_ONE_ZERO, numbers(number_formats.python)),
    (Rewriting.NUMBERS_WITHOUT_ZEROS, numbers(number_formats.go)),
    (Rewriting.NUMBERS_JAVA, numbers(number_formats.java)),
    (Rewriting.NUMBERS_GSON, numbers(number_formats.gson)),
    (Rewriting.NUMBERS_TWO_DECIMALS, numbers(number_formats.two_decimals)),
    (Rewriting.STRINGS_AS_NUMBERS, values(number_in_string)),
    (Rewriting.NUMBERS_AS_STRINGS, numbers(lambda each: f'"{each}"')),
    (Rewriting.SLASHES_ESCAPED, strings(string_escapes.slashes_escaped)),
    (Rewriting.SLASHES_PLAIN, strings(string_escapes.slashes_plain)),
    (Rewriting.NON_ASCII_ESCAPED, strings(string_escapes.non_ascii)),
    (Rewriting.NON_ASCII_PLAIN, strings(string_escapes.non_ascii_plain)),
    (Rewriting.ALL_PLAIN, strings(string_escapes.plain)),
    (Rewriting.NON_ASCII_ESCAPED_UPPER_CASE, strings(string_escapes.non_ascii_upper)),
    (Rewriting.LINE_SEPARATORS_ESCAPED, strings(string_escapes.line_separators)),
    (Rewriting.HTML_GO, strings(string_escapes.go)),
    (Rewriting.HTML_GO, strings(string_escapes.rails)),
    (Rewriting.HTML_GSON, strings(string_escapes.gson)),
    (Rewriting.SYSTEM_TEXT_JSON, strings(string_escapes.system_text_json)),
    (Rewriting.SYSTEM_TEXT_JSON_RELAXED, strings(string_escapes.system_text_json_relaxed)),
    (Rewriting.HTML_NEWTONSOFT, strings(string_escapes.newtonsoft_html)),
    (Rewriting.HTML_JAVASCRIPT_SERIALIZER, strings(string_escapes.javascript_serializer)),
    (Rewriting.HTML_PHP, strings(string_escapes.php_hex)),
    (Rewriting.ORG_JSON, strings(string_escapes.org_json)),
    (
        Rewriting.BY_JAVASCRIPT,
        in_turn(
            _NO_DUPLICATES,
            containers(integer_names_first),
            numbers(number_formats.javascript),
            strings(string_escapes.plain),
        ),
    ),
    (Rewriting.BY_PYTHON, in_turn(_NO_DUPLICATES, numbers(number_formats.python), strings(string_escapes.python))),
    (Rewriting.BY_PYTHON, in_turn(_NO_DUPLICATES, numbers(number_formats.python), strings(string_escapes.plain))),
    *((Rewriting.BY_PHP, in_turn(_NO_DUPLICATES, *each)) for each in _PHP),
    *((Rewriting.BY_PHP, in_turn(_NO_DUPLICATES, _PHP_ARRAYS, *each)) for each in _PHP),
    (Rewriting.BY_GO, in_turn(numbers(number_formats.go), strings(string_escapes.go))),
    (Rewriting.BY_GO, in_turn(_NO_DUPLICATES, _SORTED, numbers(number_formats.go), strings(string_escapes.go))),
    (Rewriting.BY_GSON, in_turn(numbers(number_formats.gson), strings(string_escapes.gson))),
    (Rewriting.BY_JACKSON, in_turn(_NO_DUPLICATES, numbers(number_formats.java), strings(string_escapes.plain))),
    (
        Rewriting.BY_SYSTEM_TEXT_JSON,
        in_turn(numbers(number_formats.javascript), strings(string_escapes.system_text_json)),
    ),
)
"""Each rewriting, in the order in which a client makes two of them."""
