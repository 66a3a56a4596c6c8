"""Two JSON parsers, one verdict: what our reader takes, an independent strict parser takes for the same value."""

import re
from itertools import chain

import pytest
from pydantic_core import from_json

from handlers.snap.codes import SnapError
from handlers.snap.json_body import parse
from tests.fuzz.json_corpus import REFUSED, REFUSED_HERE_ALONE, TAKEN

RUN = re.compile(rb"(.)\1{2,}", re.DOTALL)
Classes = dict[str, list[bytes]]


def _cases(classes: Classes) -> list[object]:
    return [pytest.param(raw, id=f"{name}: {raw[:24]!r}") for name, documents in classes.items() for raw in documents]


def _independent(raw: bytes) -> object:
    return from_json(raw, allow_inf_nan=False)


def _without_numbers(value: object) -> object:
    """Numbers as one and the same text: ours stay text, the other's are converted."""
    match value:
        case dict():
            return {name: _without_numbers(member) for name, member in value.items()}
        case list():
            return [_without_numbers(member) for member in value]
        case bool() | None | str():
            return value
    return "a number"


def test_the_corpus_is_broad() -> None:
    """There are at least 150 documents in at least 15 classes, and none of a class differs only in length."""
    classes = [*TAKEN.values(), *REFUSED.values(), *REFUSED_HERE_ALONE.values()]
    documents = list(chain.from_iterable(classes))
    assert len(classes) >= 15
    assert len(set(documents)) == len(documents) >= 150
    for each in classes:
        assert len({RUN.sub(rb"\1\1", raw) for raw in each}) == len(each)


@pytest.mark.parametrize("raw", _cases(TAKEN))
def test_json_is_taken_by_both_for_the_same(raw: bytes) -> None:
    """What is JSON is read by both parsers as the same value, numbers aside."""
    theirs = _independent(raw)
    if "a number" not in str(_without_numbers(theirs)):
        assert parse(raw) == theirs
    else:
        parse(raw)


@pytest.mark.parametrize("raw", _cases(REFUSED))
def test_what_is_no_json_is_refused_by_both(raw: bytes) -> None:
    """What is not JSON is refused by both parsers."""
    with pytest.raises(ValueError, match="at line"):
        _independent(raw)
    with pytest.raises(SnapError):
        parse(raw)


@pytest.mark.parametrize("raw", _cases(REFUSED_HERE_ALONE))
def test_what_parsers_disagree_on_is_refused_here(raw: bytes) -> None:
    """A name that stands twice and excessive depth are lawful JSON, and are refused here all the same."""
    assert _independent(raw)
    with pytest.raises(SnapError):
        parse(raw)
