"""The JSON parser of this project and an independent strict parser accept the same texts with the same values."""

import re
from itertools import chain

import pytest
from pydantic_core import from_json

from handlers.snap.codes import SnapError
from handlers.snap.json_body import parse
from tests.fuzz.json_corpus import ACCEPTED, REFUSED, REFUSED_ONLY_HERE

REPETITION = re.compile(rb"(.)\1{2,}", re.DOTALL)
Classes = dict[str, list[bytes]]


def _cases(classes: Classes) -> list[object]:
    return [pytest.param(raw, id=f"{name}: {raw[:24]!r}") for name, documents in classes.items() for raw in documents]


def _parse_independently(raw: bytes) -> object:
    return from_json(raw, allow_inf_nan=False)


def _without_numbers(value: object) -> object:
    """Replace all numbers by one text, because this project keeps them as text and the other parser converts them."""
    match value:
        case dict():
            return {name: _without_numbers(member) for name, member in value.items()}
        case list():
            return [_without_numbers(member) for member in value]
        case bool() | None | str():
            return value
    return "a number"


def test_the_corpus_is_broad() -> None:
    """There are at least 150 texts in at least 15 classes, and no two texts of a class differ only in length."""
    classes = [*ACCEPTED.values(), *REFUSED.values(), *REFUSED_ONLY_HERE.values()]
    documents = list(chain.from_iterable(classes))
    assert len(classes) >= 15
    assert len(set(documents)) == len(documents) >= 150
    for each in classes:
        assert len({REPETITION.sub(rb"\1\1", raw) for raw in each}) == len(each)


@pytest.mark.parametrize("raw", _cases(ACCEPTED))
def test_both_parsers_read_the_same_value(raw: bytes) -> None:
    """Both parsers read valid JSON as the same value, apart from numbers."""
    theirs = _parse_independently(raw)
    if "a number" not in str(_without_numbers(theirs)):
        assert parse(raw) == theirs
    else:
        parse(raw)


@pytest.mark.parametrize("raw", _cases(REFUSED))
def test_both_parsers_refuse_invalid_json(raw: bytes) -> None:
    """Both parsers refuse a text that is not JSON."""
    with pytest.raises(ValueError, match="at line"):
        _parse_independently(raw)
    with pytest.raises(SnapError):
        parse(raw)


@pytest.mark.parametrize("raw", _cases(REFUSED_ONLY_HERE))
def test_ambiguous_json_is_refused_only_here(raw: bytes) -> None:
    """This project's parser refuses duplicate member names and deep nesting, although they are valid JSON."""
    assert _parse_independently(raw)
    with pytest.raises(SnapError):
        parse(raw)
