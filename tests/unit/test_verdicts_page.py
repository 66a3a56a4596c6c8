"""The table of the verdicts on the pages on troubleshooting."""

import pytest

from handlers.doctor.messages.render import Language
from handlers.doctor.verdicts import Verdict
from tests.verdict_reference import PAGES, REGION, table


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_each_verdict(language: Language) -> None:
    """The page has the meaning and the advice of every verdict as the doctor gives them; else: `make reference`."""
    assert REGION.text(PAGES[language]) == table(language), "run `make reference`"
    assert all(f"| `{verdict}` |" in table(language) for verdict in Verdict)
