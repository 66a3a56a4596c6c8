"""The doctor names the particular that a call does not have, and the setting that would accept it."""

import pytest

from handlers.doctor.diagnose import diagnose
from handlers.doctor.messages.render import LANGUAGES, message_of
from tests.mistakes import World
from tests.mistakes_in_particulars import CASES

WORLD = World()


@pytest.mark.parametrize("name", CASES)
def test_each_particular_is_named(name: str) -> None:
    """A call that fails because of one particular gets one verdict. The evidence has the setting or the value."""
    case = CASES[name]
    diagnosis = diagnose(case.request(WORLD), case.context(WORLD))
    assert (diagnosis.main.verdict, diagnosis.also) == (case.verdict, ())
    assert set(case.evidence) <= {str(value) for value in diagnosis.main.evidence.values()}
    for language in LANGUAGES:
        assert all("{" not in text for text in message_of(diagnosis.main, language))
