"""Stock Connexion as the oracle: what the bound application does otherwise is listed, with its reason."""

import asyncio
import io
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.openapi.body_rule import BodyRule
from handlers.server.openapi.parameter import Parameter
from tests.fuzz.oracle import HANDLER, Bound, Outcome, Request, Server, Stock
from tests.fuzz.oracle_conditions import BODY_SCHEMA, PARAMETERS
from tests.fuzz.oracle_requests import RIGHT, TYPES, each_alone, each_pair, texts
from tests.fuzz.oracle_table import LISTED, Listed, predicted
from tests.merchant import Clock, services_of, write_settings
from tests.nicepay import BODY, Nicepay

_Drawn = TypeVar("_Drawn")

ALONE, PAIRS = list(each_alone()), list(each_pair())


@dataclass(frozen=True)
class Wrong:
    """A request of which we make something else than we are to."""

    sent: Request
    predicted: Outcome
    ours: Outcome


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Connexion logs each refusal, each failure with its traceback."""
    configure.set_up(io.StringIO())
    logger = logging.getLogger("connexion")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)
    configure.set_up()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def stock() -> Server:
    """The oracle."""
    return Stock()


@pytest.fixture(scope="module")
def ours(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The bound application."""
    read = Settings.load(write_settings(tmp_path_factory.mktemp("oracle"), nicepay))
    return Bound(services_of(read, Clock()))


def _wrong(requests: Iterable[Request], stock: Server, ours: Server, runner: asyncio.Runner) -> list[Wrong]:
    """The first few: a report of thousands helps nobody."""

    async def asked() -> list[Wrong]:
        return [Wrong(each, await predicted(each, stock), await ours.ask(each)) for each in requests]

    return [each for each in runner.run(asked()) if each.predicted != each.ours][:5]


def test_there_are_many_requests() -> None:
    """At least 5,000 different requests are named by no row of the table, so both servers get the very same."""
    assert len({each for each in [*ALONE, *PAIRS] if not any(listed.when(each) for listed in LISTED)}) >= 5_000


def test_the_right_request_reaches_both_handlers(stock: Server, ours: Server, runner: asyncio.Runner) -> None:
    """What nothing is wrong with is taken by both, with the same three headers."""
    headers = [each.decode() for each in (*RIGHT.timestamps, *RIGHT.client_keys, *RIGHT.signatures)]
    taken = Outcome(HANDLER, tuple(headers))
    assert [runner.run(server.ask(RIGHT)) for server in (stock, ours)] == [taken, taken]


@pytest.mark.parametrize("requests", [ALONE, PAIRS], ids=["alone", "pairs"])
def test_no_difference_is_unlisted(
    requests: list[Request], stock: Server, ours: Server, runner: asyncio.Runner
) -> None:
    """Verdict, status and values are stock Connexion's, but where the table says otherwise, and there what it says."""
    assert not _wrong(requests, stock, ours, runner)


@pytest.mark.parametrize("listed", LISTED, ids=lambda listed: listed.name)
def test_no_entry_of_the_table_is_stale(listed: Listed, stock: Server, ours: Server, runner: asyncio.Runner) -> None:
    """On each request with nothing else wrong the two differ, and stock says what the entry has of it, each verdict."""
    named = {each: runner.run(stock.ask(each)) for each in ALONE if listed.when(each)}
    assert not [each for each, theirs in named.items() if theirs == runner.run(ours.ask(each))][:5]
    with_it_alone = [each for each in named if sum(other.when(each) for other in LISTED) == 1]
    assert {named[each].verdict for each in with_it_alone} == listed.stock


_CHARACTERS = st.characters(codec="latin-1", exclude_characters="\r\n\0")


@st.composite
def _damaged(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> str:
    """A text with one character replaced, added or taken away."""
    text = draw(whole)
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.text(_CHARACTERS, max_size=1)) + text[start + draw(st.integers(0, 1)) :]


def _header(name: str) -> st.SearchStrategy[str]:
    """Values of the pattern, values almost of it, and any others that a header can hold."""
    # `$` also matches before a newline at the end, which a header cannot hold.
    right = st.from_regex(PARAMETERS[name]["schema"]["pattern"]).map(lambda text: text.replace("\n", ""))
    return st.one_of(right, _damaged(right), st.text(_CHARACTERS, max_size=40))


_HEADERS = {name: _header(name) for name in PARAMETERS}
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_GRANTS = st.just("client_credentials") | _damaged(st.just("client_credentials")) | _VALUES
_NAMES = st.sampled_from(["grantType", "additionalInfo", "grant_type", "a"])
_OBJECTS = st.fixed_dictionaries({"grantType": _GRANTS}, optional={"additionalInfo": _VALUES, "a": _VALUES})
_DOCUMENTS = st.one_of(_OBJECTS, st.dictionaries(_NAMES, _VALUES), _VALUES)


def _sent(name: str) -> st.SearchStrategy[tuple[bytes, ...]]:
    """One value; white space around it is no part of it on the wire."""
    return _HEADERS[name].map(lambda text: (text.strip().encode("latin-1"),))


_WRITTEN = _DOCUMENTS.map(json.dumps) | _DOCUMENTS.map(lambda value: json.dumps(value, ensure_ascii=False))
_RIGHT = st.just(BODY)
_REQUESTS = st.builds(
    Request,
    types=st.sampled_from([RIGHT.types, RIGHT.types, *texts(TYPES)]),
    timestamps=st.just(RIGHT.timestamps) | _sent("X-TIMESTAMP"),
    client_keys=st.just(RIGHT.client_keys) | _sent("X-CLIENT-KEY"),
    signatures=st.just(RIGHT.signatures) | _sent("X-SIGNATURE"),
    body=st.one_of(_RIGHT, _WRITTEN.map(str.encode), _damaged(_WRITTEN).map(str.encode), st.binary(max_size=40)),
)


def _eight(strategy: st.SearchStrategy[_Drawn]) -> st.SearchStrategy[list[_Drawn]]:
    """Eight drawn in one go take less than half of the time of eight alone."""
    return st.lists(strategy, min_size=8, max_size=8)


@settings(max_examples=250, deadline=None, derandomize=True, database=None)
@given(requests=_eight(_REQUESTS))
def test_no_difference_on_random_requests_is_unlisted(
    requests: list[Request], stock: Server, ours: Server, runner: asyncio.Runner
) -> None:
    """With values drawn from the document's patterns, damaged or made up, nothing differs but what is listed."""
    assert not _wrong(requests, stock, ours, runner)


@pytest.mark.parametrize("name", PARAMETERS)
def test_both_validators_judge_a_header_alike(name: str) -> None:
    """jsonschema-rs, which we use, and jsonschema, which Connexion uses, agree on every value of a header."""
    rule, independent = Parameter.of(PARAMETERS[name]), jsonschema.Draft4Validator(PARAMETERS[name]["schema"])

    @settings(max_examples=190, deadline=None, derandomize=True, database=None)
    @given(values=_eight(_HEADERS[name]))
    def agree(values: list[str]) -> None:
        assert [rule.schema.is_valid(each) for each in values] == [independent.is_valid(each) for each in values]

    agree()


@settings(max_examples=190, deadline=None, derandomize=True, database=None)
@given(documents=_eight(_DOCUMENTS))
def test_both_validators_judge_a_body_alike(documents: list[object]) -> None:
    """jsonschema-rs and jsonschema find the same mistakes, at the same places, in every body."""
    ours, theirs = BodyRule(BODY_SCHEMA).schema, jsonschema.Draft4Validator(BODY_SCHEMA)
    for each in documents:
        found = sorted(list(error.instance_path) for error in ours.iter_errors(each))
        assert found == sorted(list(error.absolute_path) for error in theirs.iter_errors(each))
