"""Mistakes in words: one line each, under the path of the key."""

import pytest
from pydantic import BaseModel, Field, ValidationError

from handlers.config.errors import SettingsError, error_lines, rule_error


class _Part(BaseModel):
    number: int


class _Whole(BaseModel):
    parts: tuple[_Part, ...] = Field((), min_length=1, max_length=2)


def _told(value: object) -> list[str]:
    with pytest.raises(ValidationError) as refusal:
        _Whole.model_validate(value)
    return error_lines(refusal.value)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"parts": 1}, "parts: must be a list"),
        ({"parts": [1]}, "parts[0]: must be a table"),
        ({"parts": []}, "parts: at least 1 required"),
        ({"parts": [{"number": 1}] * 3}, "parts: at most 2 allowed, not 3"),
        ({"parts": [{"number": 1}, {}]}, "parts[1].number: Field required"),
    ],
)
def test_mistakes_are_told_in_words_of_the_file(value: object, line: str) -> None:
    """A mistake is told under its key's path, in the words of TOML, and once."""
    assert _told(value) == [line]


def test_a_variable_is_named_beside_the_key_that_it_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake that came from the environment names the variable."""
    monkeypatch.setenv("SNAP_TOKEN__PARTS__PORT", "1")
    error = ValidationError.from_exception_data("", [rule_error(("parts", "port"), "wrong")])
    assert error_lines(error) == ["parts.port (set by SNAP_TOKEN__PARTS__PORT): wrong"]


def test_rules_of_ours_are_told_word_for_word() -> None:
    """The message of a rule is told as it is, braces included."""
    assert error_lines(ValidationError.from_exception_data("", [rule_error(("a", 1), "no {place}")])) == [
        "a[1]: no {place}"
    ]


def test_the_error_holds_each_mistake() -> None:
    """The error holds each mistake by itself, and its text holds all."""
    error = SettingsError(["one", "two"])
    assert (error.mistakes, str(error)) == (["one", "two"], "one; two")
