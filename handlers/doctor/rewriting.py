"""How a body is rewritten between signing and sending. Each language has words for each constant."""

from enum import StrEnum


class Rewriting(StrEnum):
    """What the client did to the body that it signed, seen from the body that arrived."""

    COMPACT = "layout.compact"
    SPACED = "layout.spaced"
    INDENTED = "layout.indented"
    ENDS_TRIMMED = "whitespace.ends_trimmed"
    LINE_END_ADDED = "whitespace.line_end_added"
    LINE_ENDS_TO_LF = "whitespace.line_ends_to_lf"
    LINE_ENDS_TO_CRLF = "whitespace.line_ends_to_crlf"

    WHITESPACE_REMOVED = "whitespace.removed"
    BLANKS_REMOVED = "whitespace.blanks_removed"
    LINE_ENDS_REMOVED = "whitespace.line_ends_removed"
    LINE_ENDS_AND_TABS_REMOVED = "whitespace.line_ends_and_tabs_removed"
    WHITESPACE_COLLAPSED = "whitespace.collapsed"
    ESCAPED_LINE_ENDS_REMOVED = "whitespace.escaped_line_ends_removed"

    MEMBERS_SORTED = "members.sorted"
    MEMBER_REMOVED = "members.one_removed"
    TWO_MEMBERS_REMOVED = "members.two_removed"
    INNER_NAMES_LOST = "members.inner_names_lost"
    DUPLICATES_REMOVED = "members.duplicates_removed"
    NULLS_REMOVED = "members.nulls_removed"
    EMPTY_REMOVED = "members.empty_removed"
    NAMES_CAPITALISED = "members.names_capitalised"
    NAMES_IN_SNAKE_CASE = "members.names_in_snake_case"
    EMPTY_OBJECTS_AS_ARRAYS = "values.empty_objects_as_arrays"
    SOME_EMPTY_ARRAYS_AS_OBJECTS = "values.some_empty_arrays_as_objects"
    EMPTY_ARRAYS_AS_OBJECTS = "values.empty_arrays_as_objects"
    ARRAYS_AS_OBJECTS = "values.arrays_as_objects"
    EMPTY_STRINGS_AS_NULL = "values.empty_strings_as_null"
    NULLS_AS_EMPTY_STRINGS = "values.nulls_as_empty_strings"
    STRINGS_TRIMMED = "values.strings_trimmed"
    TRIMMED_AND_EMPTY_AS_NULL = "values.strings_trimmed_and_empty_as_null"
    AMOUNTS_REFORMATTED = "values.amounts_reformatted"
    DATES_REFORMATTED = "values.dates_reformatted"
    IN_AN_ARRAY = "values.in_an_array"
    IN_A_MEMBER = "values.in_a_member"
    OBJECTS_AS_STRINGS = "values.objects_as_strings"
    STRINGS_AS_OBJECTS = "values.strings_as_objects"

    NUMBERS_WITHOUT_ZEROS = "numbers.without_zeros"
    NUMBERS_WITH_ONE_ZERO = "numbers.with_one_zero"
    NUMBERS_JAVA = "numbers.java"
    NUMBERS_GSON = "numbers.gson"
    NUMBERS_TWO_DECIMALS = "numbers.two_decimals"
    NUMBERS_AS_STRINGS = "numbers.as_strings"
    STRINGS_AS_NUMBERS = "numbers.from_strings"

    SLASHES_ESCAPED = "escapes.slashes"
    SLASHES_PLAIN = "escapes.slashes_plain"
    NON_ASCII_ESCAPED = "escapes.non_ascii"
    NON_ASCII_ESCAPED_UPPER_CASE = "escapes.non_ascii_upper_case"
    NON_ASCII_PLAIN = "escapes.non_ascii_plain"
    ALL_PLAIN = "escapes.plain"
    LINE_SEPARATORS_ESCAPED = "escapes.line_separators"
    HTML_GO = "escapes.go"
    HTML_GSON = "escapes.gson"
    HTML_NEWTONSOFT = "escapes.newtonsoft_html"
    HTML_JAVASCRIPT_SERIALIZER = "escapes.javascript_serializer"
    HTML_PHP = "escapes.php_hex"
    SYSTEM_TEXT_JSON = "escapes.system_text_json"
    SYSTEM_TEXT_JSON_RELAXED = "escapes.system_text_json_relaxed"
    ORG_JSON = "escapes.org_json"

    BY_PHP = "serialiser.php"
    BY_JAVASCRIPT = "serialiser.javascript"
    BY_GO = "serialiser.go"
    BY_PYTHON = "serialiser.python"
    BY_GSON = "serialiser.gson"
    BY_SYSTEM_TEXT_JSON = "serialiser.system_text_json"
    BY_JACKSON = "serialiser.jackson"

    JSON_STRING = "encoding.json_string"
    JSON_STRING_DECODED = "encoding.json_string_decoded"
    BACKSLASHES_REMOVED = "encoding.backslashes_removed"
    BACKSLASHES_ADDED = "encoding.backslashes_added"
    TAGS_REMOVED = "encoding.tags_removed"
    FORM = "encoding.form"
    PERCENT_ENCODED = "encoding.percent"
    PERCENT_DECODED = "encoding.percent_decoded"
    HTML_ENTITIES = "encoding.html_entities"
    BASE64 = "encoding.base64"
    HEXADECIMAL = "encoding.hexadecimal"
    BYTE_ORDER_MARK_ADDED = "encoding.byte_order_mark"
    BYTE_ORDER_MARK_REMOVED = "encoding.byte_order_mark_removed"
    LATIN_1 = "encoding.latin_1"
    UTF_8_TWICE = "encoding.utf_8_twice"
    UTF_16 = "encoding.utf_16"
    NON_ASCII_LOST = "encoding.non_ascii_lost"
    COMPOSED = "encoding.unicode_composed"
    DECOMPOSED = "encoding.unicode_decomposed"
    LOWER_CASE = "encoding.lower_case"
    UPPER_CASE = "encoding.upper_case"

    NOTHING = "replaced.nothing"
    EMPTY_OBJECT = "replaced.empty_object"
    EMPTY_ARRAY = "replaced.empty_array"
    NULL = "replaced.null"
    EMPTY_STRING = "replaced.empty_string"
    INNER_OBJECT = "replaced.inner_object"
    TYPE_NAME = "replaced.type_name"
    PYTHON_TEXT = "replaced.python_text"
    JAVA_TEXT = "replaced.java_text"


LAYOUT_ONLY = frozenset(
    {
        Rewriting.COMPACT,
        Rewriting.SPACED,
        Rewriting.INDENTED,
        Rewriting.ENDS_TRIMMED,
        Rewriting.LINE_END_ADDED,
        Rewriting.LINE_ENDS_TO_LF,
        Rewriting.LINE_ENDS_TO_CRLF,
    }
)
"""Rewritings that keep everything but whitespace between the tokens of JSON."""

SEPARATOR = " + "
"""Stands between two rewritings in the evidence."""
