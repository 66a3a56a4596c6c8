"""Command lines, split into words."""

import pytest

from handlers.cli.captured.shell_words import MAX_WORDS, words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a  b\tc\n", ["a", "b", "c"]),
        ("a 'b c' \"d 'e'\" f' 'g", ["a", "b c", "d 'e'", "f g"]),
        ("a '' b", ["a", "", "b"]),
        (r'a "\"\\\n\$" \"b', ["a", r'"\\n$', '"b']),
        ('a \\\n  b\\\r\nc "d\\\ne"', ["a", "b", "c", "de"]),
        ("a | b", ["a"]),
        ("a; b", ["a"]),
        ("a # b", ["a"]),
        ('a#b $c "$d"', ["a#b", "$c", "$d"]),
        (r"a $'it\'s \u0021\x41\101\n\\\q'", ["a", "it's !AA\n\\\\q"]),
        (r"a $'\u00e9'", ["a", "\u00e9".encode().decode("latin-1")]),
        (r"a $'\ud83d'", ["a", "\xed\xa0\xbd"]),
    ],
)
def test_words_are_those_of_a_posix_shell_or_bash(line: str, expected: list[str]) -> None:
    """Quotation marks, backslashes and `$'...'` are removed. The words end where the next command begins."""
    assert words(line) == expected


def test_words_are_those_of_cmd() -> None:
    """A command that a browser copies for Windows has a caret before each special character and line end."""
    line = 'curl ^"http://a/?b=1^&c=2^" ^\r\n  -H ^"X-A: 1^" ^\r\n  -d ^"^{^\\^"d^\\^":^\\^"50^%^^\n\n^\\^"^}^"'
    assert words(line.replace("^^\n", "^\n")) == [
        "curl",
        "http://a/?b=1&c=2",
        "-H",
        "X-A: 1",
        "-d",
        '{"d":"50%\n"}',
    ]
    assert words("curl http://a/ ^\n -k") == ["curl", "http://a/", "-k"]
    assert words("curl a -d '^\"'") == ["curl", "a", "-d", '^"']


@pytest.mark.parametrize("line", ["a 'b", 'a "b', r'a "b\"', "a $'b", "a \\"])
def test_an_open_quotation_is_an_error(line: str) -> None:
    """A quotation mark that is not closed is an error."""
    with pytest.raises(ValueError, match="not closed"):
        words(line)


@pytest.mark.parametrize("part", ["a ", "'' ", "\\\n a"])
def test_words_have_a_limit(part: str) -> None:
    """A command may have at most 4,096 words."""
    assert len(words(part * MAX_WORDS)) == MAX_WORDS == 4_096
    with pytest.raises(ValueError, match="more than 4096 words"):
        words(part * (MAX_WORDS + 1))


@pytest.mark.parametrize(
    ("line", "expected"), [(r"a\'\"\$ b", ["a'\"$", "b"]), ("a $$ $ b$'c'", ["a", "$$", "$", "bc"])]
)
def test_runs_of_escapes_and_dollars_are_one_part(line: str, expected: list[str]) -> None:
    """A long run of escapes or dollar signs is read in one step."""
    assert words(line) == expected
