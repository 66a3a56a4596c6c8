"""Mistakes as text: one line each, under the path of the key."""

import pytest
from pydantic import BaseModel, Field, ValidationError

from handlers.config.errors import SettingsError, error_lines, rule_error


class _Part(BaseModel):
    number: int


class _Whole(BaseModel):
    parts: tuple[_Part, ...] = Field((), min_length=1, max_length=2)
    digits: str = Field("", pattern="^[0-9]*$")


def _reported(value: object) -> list[str]:
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
        ({"parts": [{"number": 1}, {}]}, "parts[1].number: required"),
        (
            {"parts": [{"number": 1}], "digits": "a"},
            "digits: has characters or a length that are not allowed; see the settings reference",
        ),
    ],
)
def test_mistakes_use_the_terms_of_toml(value: object, line: str) -> None:
    """A mistake is reported once, under the path of its key, in the terms of TOML."""
    assert _reported(value) == [line]


def test_a_variable_is_named_beside_the_key_that_it_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in a value from the environment names the variable."""
    monkeypatch.setenv("SNAP_TOKEN__PARTS__PORT", "1")
    error = ValidationError.from_exception_data("", [rule_error(("parts", "port"), "wrong")])
    assert error_lines(error) == ["parts.port (set by SNAP_TOKEN__PARTS__PORT): wrong"]


def test_the_message_of_a_rule_is_unchanged() -> None:
    """The message of one of our rules is not changed, even if it contains braces."""
    assert error_lines(ValidationError.from_exception_data("", [rule_error(("a", 1), "no {place}")])) == [
        "a[1]: no {place}"
    ]


def test_the_error_holds_each_mistake() -> None:
    """The error has each mistake separately, and its text has all of them."""
    error = SettingsError(["one", "two"])
    assert (error.mistakes, str(error)) == (["one", "two"], "one; two")
