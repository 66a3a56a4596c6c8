"""A first fuzzing of the running server against its document."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.core.parameters import ParameterLocation

from handlers.server.settings import Settings
from tests.document import RAW
from tests.merchant import BASE_PATH, NOON, Clock, Merchant, running, write_settings
from tests.nicepay import Nicepay, jakarta

CLIENT = Nicepay()
SCHEMA = schemathesis.openapi.from_dict(RAW)
SEEN: Counter[int] = Counter()
"""How often each status was answered."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A server to be fuzzed, and in the end the proof that the fuzzing reached it."""
    settings_file = write_settings(tmp_path_factory.mktemp("fuzz"), CLIENT)
    with running(Settings.load(settings_file), Clock()) as merchant:
        yield merchant
    assert {200, 400, 405} <= set(SEEN), f"the answers seen were {SEEN}"


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, object]) -> None:
    """Sign what schemathesis means to be right; what it has broken on purpose stays broken."""
    headers = case.meta and case.meta.components.get(ParameterLocation.HEADER)
    if headers and headers.mode == GenerationMode.POSITIVE:
        case.headers.update(CLIENT.headers(jakarta(NOON)))


@SCHEMA.parametrize()
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_of_the_document(case: Case[Any], fuzzed: Merchant) -> None:
    """No request, right or wrong, gets an answer that the document does not describe; right ones get a token."""
    response = case.call_and_validate(base_url=fuzzed.origin + BASE_PATH)
    SEEN[response.status_code] += 1
