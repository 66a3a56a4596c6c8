"""The dashboard for Grafana in docs/deploy/monitoring."""

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.monitoring.dashboard import FILE, written

BOARD: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
UNITS = {"none", "short", "percentunit", "reqps", "ops", "s", "bytes"}
"""Units that Grafana knows, from packages/grafana-data/src/valueFormats/categories.ts. The SDK misspells one."""
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def test_the_file_is_current() -> None:
    """The file has the panels that the tests describe; else: `make reference`."""
    assert FILE.read_text(encoding="utf-8") == written(), "run `make reference`"


def test_grafana_knows_every_member() -> None:
    """Grafana's own types read the whole file. They drop a member that they do not know."""
    register_default_plugins()
    assert json.loads(json.dumps(Dashboard.from_json(BOARD), cls=JSONEncoder)) == BOARD


def test_the_reader_chooses_source_instance_and_client() -> None:
    """The dashboard has a variable for the data source, the instances and the clients."""
    assert [each["name"] for each in BOARD["templating"]["list"]] == ["datasource", "instance", "client"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_each_panel_explains_itself(panel: dict[str, Any]) -> None:
    """A panel has a sentence that explains it, a unit of Grafana, the chosen data source, and a query."""
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"]["uid"] == "${datasource}"
    assert all(target["expr"] for target in panel["targets"])
    assert panel["targets"]


def test_panels_have_their_own_id_and_place() -> None:
    """No two panels have the same id, title or place."""
    for values in (
        [panel["id"] for panel in BOARD["panels"]],
        [panel["title"] for panel in PANELS],
        [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS],
    ):
        assert len(values) == len(set(values))
