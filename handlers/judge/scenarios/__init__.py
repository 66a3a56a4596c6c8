"""The scenarios, in the order in which they are played: the plain request first, the survivor of all last."""

from handlers.judge.scenario import Scenario
from handlers.judge.scenarios import answers, forged, forms, hostile, http, success, syntax, timestamps

CATALOGUE: tuple[Scenario, ...] = (
    *success.SCENARIOS,
    *forms.SCENARIOS,
    *syntax.SCENARIOS,
    *timestamps.SCENARIOS,
    *forged.SCENARIOS,
    *answers.SCENARIOS,
    *http.SCENARIOS,
    *hostile.SCENARIOS,
)
"""If the first one fails, the others have nothing to stand on."""
