"""A differential test with stock Connexion: every difference is in the table, with its reason."""

import asyncio
import io
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.config.settings import Settings
from handlers.server.observability import configure
from handlers.server.openapi.body_rule import BodyRule
from handlers.server.openapi.parameter import Parameter
from tests.fuzz.oracle import HANDLER, Outcome, Product, Request, Server, Stock
from tests.fuzz.oracle_conditions import BODY_SCHEMA, PARAMETERS
from tests.fuzz.oracle_requests import TYPES, VALID, each_alone, each_pair, texts
from tests.fuzz.oracle_table import DIFFERENCES, Difference, predicted
from tests.merchant import Clock, services_of, write_settings
from tests.nicepay import BODY, Nicepay

_Drawn = TypeVar("_Drawn")

ALONE, PAIRS = list(each_alone()), list(each_pair())


@dataclass(frozen=True)
class Deviation:
    """A request for which the product's outcome is not the required one."""

    request: Request
    predicted: Outcome
    actual: Outcome


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Switch off Connexion's log, which has every refusal and the traceback of every failure."""
    configure.set_up(io.StringIO())
    logger = logging.getLogger("connexion")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(level)
    configure.set_up()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all tests."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def stock() -> Server:
    """Stock Connexion."""
    return Stock()


@pytest.fixture(scope="module")
def product(nicepay: Nicepay, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The product."""
    read = Settings.load(write_settings(tmp_path_factory.mktemp("oracle"), nicepay))
    return Product(services_of(read, Clock()))


def _deviations(requests: Iterable[Request], stock: Server, product: Server, runner: asyncio.Runner) -> list[Deviation]:
    """The first five deviations."""

    async def compare() -> list[Deviation]:
        return [Deviation(each, await predicted(each, stock), await product.ask(each)) for each in requests]

    return [each for each in runner.run(compare()) if each.predicted != each.actual][:5]


def test_there_are_many_requests() -> None:
    """At least 5,000 different requests match no row of the table, so both servers must give the same outcome."""
    assert len({each for each in [*ALONE, *PAIRS] if not any(row.when(each) for row in DIFFERENCES)}) >= 5_000


def test_the_valid_request_reaches_both_handlers(stock: Server, product: Server, runner: asyncio.Runner) -> None:
    """Both servers accept the valid request with the same three headers."""
    headers = [each.decode() for each in (*VALID.timestamps, *VALID.client_keys, *VALID.signatures)]
    accepted = Outcome(HANDLER, tuple(headers))
    assert [runner.run(server.ask(VALID)) for server in (stock, product)] == [accepted, accepted]


@pytest.mark.parametrize("requests", [ALONE, PAIRS], ids=["alone", "pairs"])
def test_no_difference_is_unlisted(
    requests: list[Request], stock: Server, product: Server, runner: asyncio.Runner
) -> None:
    """Each outcome is that of stock Connexion, or the one that the table requires."""
    assert not _deviations(requests, stock, product, runner)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_no_entry_of_the_table_is_stale(
    difference: Difference, stock: Server, product: Server, runner: asyncio.Runner
) -> None:
    """For each entry, both servers differ on its requests, and stock Connexion gives exactly the listed verdicts."""
    matching = {each: runner.run(stock.ask(each)) for each in ALONE if difference.when(each)}
    assert not [each for each, outcome in matching.items() if outcome == runner.run(product.ask(each))][:5]
    only_this = [each for each in matching if sum(other.when(each) for other in DIFFERENCES) == 1]
    assert {matching[each].verdict for each in only_this} == difference.stock


_CHARACTERS = st.characters(codec="latin-1", exclude_characters="\r\n\0")


@st.composite
def _damaged(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> str:
    """A text with one character replaced, added or removed."""
    text = draw(whole)
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.text(_CHARACTERS, max_size=1)) + text[start + draw(st.integers(0, 1)) :]


def _header(name: str) -> st.SearchStrategy[str]:
    """Values that match the pattern, values that nearly match, and other values that a header can have."""
    # `$` also matches before a newline at the end, which a header cannot have.
    matching = st.from_regex(PARAMETERS[name]["schema"]["pattern"]).map(lambda text: text.replace("\n", ""))
    return st.one_of(matching, _damaged(matching), st.text(_CHARACTERS, max_size=40))


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


def _header_values(name: str) -> st.SearchStrategy[tuple[bytes, ...]]:
    """One value without surrounding white space, which is not part of a header value."""
    return _HEADERS[name].map(lambda text: (text.strip().encode("latin-1"),))


_ENCODED = _DOCUMENTS.map(json.dumps) | _DOCUMENTS.map(lambda value: json.dumps(value, ensure_ascii=False))
_VALID_BODY = st.just(BODY)
_REQUESTS = st.builds(
    Request,
    types=st.sampled_from([VALID.types, VALID.types, *texts(TYPES)]),
    timestamps=st.just(VALID.timestamps) | _header_values("X-TIMESTAMP"),
    client_keys=st.just(VALID.client_keys) | _header_values("X-CLIENT-KEY"),
    signatures=st.just(VALID.signatures) | _header_values("X-SIGNATURE"),
    body=st.one_of(_VALID_BODY, _ENCODED.map(str.encode), _damaged(_ENCODED).map(str.encode), st.binary(max_size=40)),
)


def _eight(strategy: st.SearchStrategy[_Drawn]) -> st.SearchStrategy[list[_Drawn]]:
    """Draw eight values at once, which takes less than half of the time of eight single draws."""
    return st.lists(strategy, min_size=8, max_size=8)


@settings(max_examples=250, deadline=None, derandomize=True, database=None)
@given(requests=_eight(_REQUESTS))
def test_no_difference_on_random_requests_is_unlisted(
    requests: list[Request], stock: Server, product: Server, runner: asyncio.Runner
) -> None:
    """For random requests, each outcome is that of stock Connexion, or the one that the table requires."""
    assert not _deviations(requests, stock, product, runner)


@pytest.mark.parametrize("name", PARAMETERS)
def test_both_validators_agree_on_headers(name: str) -> None:
    """jsonschema-rs (the product's) and jsonschema (Connexion's) agree on every header value."""
    rule, independent = Parameter.of(PARAMETERS[name]), jsonschema.Draft4Validator(PARAMETERS[name]["schema"])

    @settings(max_examples=190, deadline=None, derandomize=True, database=None)
    @given(values=_eight(_HEADERS[name]))
    def agree(values: list[str]) -> None:
        assert [rule.schema.is_valid(each) for each in values] == [independent.is_valid(each) for each in values]

    agree()


@settings(max_examples=190, deadline=None, derandomize=True, database=None)
@given(documents=_eight(_DOCUMENTS))
def test_both_validators_agree_on_bodies(documents: list[object]) -> None:
    """jsonschema-rs and jsonschema find the same errors at the same paths in every body."""
    ours, theirs = BodyRule(BODY_SCHEMA).schema, jsonschema.Draft4Validator(BODY_SCHEMA)
    for each in documents:
        found = sorted(list(error.instance_path) for error in ours.iter_errors(each))
        assert found == sorted(list(error.absolute_path) for error in theirs.iter_errors(each))
