"""The scenarios in the order in which they run. A plain genuine request is the first one and the last one."""

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
"""If the first scenario fails, the others do not run."""
