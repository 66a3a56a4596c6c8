"""Strings as serialisers write them. PHP 8.2, Node 20 and Go 1.19 wrote the expected texts for their languages."""

import json

import pytest

from handlers.doctor.candidates import string_escapes
from handlers.doctor.candidates.json_tree import ChangeText

TEXT = "a/b é 😀 \u2028 <>&'\" \x7f \b\f\x01 = + ` \\"


@pytest.mark.parametrize(
    ("write", "written"),
    [
        (string_escapes.plain, '"a/b é 😀 \u2028 <>&\'\\" \x7f \\b\\f\\u0001 = + ` \\\\"'),
        (string_escapes.php, '"a\\/b \\u00e9 \\ud83d\\ude00 \\u2028 <>&\'\\" \x7f \\b\\f\\u0001 = + ` \\\\"'),
        (string_escapes.php_unicode, '"a\\/b é 😀 \\u2028 <>&\'\\" \x7f \\b\\f\\u0001 = + ` \\\\"'),
        (
            string_escapes.php_hex,
            '"a\\/b \\u00e9 \\ud83d\\ude00 \\u2028 \\u003C\\u003E\\u0026\\u0027\\u0022 \x7f \\b\\f\\u0001 = + ` \\\\"',
        ),
        (string_escapes.python, json.dumps(TEXT)),
        (
            string_escapes.go,
            '"a/b é 😀 \\u2028 \\u003c\\u003e\\u0026\'\\" \x7f \\u0008\\u000c\\u0001 = + ` \\\\"',
        ),
        (string_escapes.gson, '"a/b é 😀 \\u2028 \\u003c\\u003e\\u0026\\u0027\\" \x7f \\b\\f\\u0001 \\u003d + ` \\\\"'),
        (
            string_escapes.system_text_json,
            (
                '"a/b \\u00E9 \\uD83D\\uDE00 \\u2028 \\u003C\\u003E\\u0026\\u0027\\u0022 \\u007F \\b\\f\\u0001'
                ' = \\u002B \\u0060 \\\\"'
            ),
        ),
        (string_escapes.org_json, '"a/b é 😀 \\u2028 <>&\'\\" \x7f \\b\\f\\u0001 = + ` \\\\"'),
    ],
    ids=["plain", "PHP", "PHP Unicode", "PHP hex", "Python", "Go", "Gson", "System.Text.Json", "org.json"],
)
def test_a_string_is_written_as_the_serialiser_writes_it(write: ChangeText, written: str) -> None:
    """The characters that the serialiser escapes are escaped, with its letter case, and the text stays the same."""
    assert write(json.dumps(TEXT)) == written
    assert json.loads(written) == TEXT


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (string_escapes.slashes_escaped, r'"a/b\/c\\/ \u00e9"', r'"a\/b\/c\\\/ \u00e9"'),
        (string_escapes.slashes_plain, r'"a\/b\\\/ \u00e9"', r'"a/b\\/ \u00e9"'),
        (string_escapes.non_ascii_plain, r'"\u00e9\/\u0026\\u00e9 \ud83d\ude00 \n"', r'"é\/\u0026\\u00e9 😀 \n"'),
        (string_escapes.org_json, '"</b>"', '"<\\/b>"'),
        (string_escapes.plain, '"\\ud800\\u0041"', '"\\ud800A"'),
    ],
    ids=["slashes", "plain slashes", "plain characters", "a closing tag", "half of a pair"],
)
def test_one_kind_of_escape_changes_alone(change: ChangeText, before: str, after: str) -> None:
    """The other escapes of the string stay as they were written."""
    assert change(before) == after
