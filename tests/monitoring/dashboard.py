"""The dashboard, written with the types of Grafana's SDK. `make reference` writes it into docs/deploy/monitoring."""

import json
from functools import reduce
from itertools import count

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    FieldColor,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import BigValueColorMode, LegendDisplayMode, LegendPlacement

from tests.monitoring.panel import Graph, Light
from tests.monitoring.rows import ROWS
from tests.pages import DEPLOY

FILE = DEPLOY / "monitoring/dashboard.json"

_SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_UP_OR_DOWN = model.ValueMap(
    {
        "0": model.ValueMappingResult(text="down", color="red"),
        "1": model.ValueMappingResult(text="up", color="green"),
    }
)
_ALWAYS_GREEN = model.Threshold(value=None, color="green")


def written() -> str:
    """The text of the file."""
    return json.dumps(_dashboard(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def write() -> None:
    """Write the file."""
    FILE.write_text(written(), encoding="utf-8")


def expressions() -> list[str]:
    """The queries of the file, with values in place of Grafana's variables."""
    targets = [target for panel in json.loads(FILE.read_text())["panels"] for target in panel.get("targets", ())]
    values = {"$__rate_interval": "1m", "$instance": ".*", "$client": ".*"}
    return [reduce(lambda text, each: text.replace(*each), values.items(), target["expr"]) for target in targets]


def _dashboard() -> model.Dashboard:
    board = (
        Dashboard("SNAP token server")
        .uid("snap-token-server")
        .description("Token requests, calls and the health of every instance. The runbook says what to do.")
        .tags(["snap-token"])
        .timezone("browser")
        .refresh("30s")
        .time("now-3h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_variable("instance", "snap_build_info"))
        .with_variable(_variable("client", "snap_client_public_keys"))
    )
    number = count(1)
    for title, panels in ROWS.items():
        board.with_row(Row(title).id(next(number)))
        for panel in panels:
            board.with_panel((_light(panel) if isinstance(panel, Light) else _graph(panel)).id(next(number)))
    return board.build()


def _variable(name: str, metric: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(name.capitalize())
        .datasource(_SOURCE)
        .query(f"label_values({metric}, {name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )


def _light(light: Light) -> stat.Panel:
    panel = (
        stat.Panel()
        .title(light.title)
        .description(light.description)
        .datasource(_SOURCE)
        .span(4)
        .height(4)
        .unit(light.unit)
        .color_mode(BigValueColorMode.BACKGROUND)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .with_target(prometheus.Dataquery().expr(light.query).instant().ref_id("A"))
    )
    if light.red_from is None:
        return panel.mappings([_UP_OR_DOWN])
    red = model.Threshold(value=light.red_from, color="red")
    return panel.thresholds(ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps([_ALWAYS_GREEN, red]))


def _graph(graph: Graph) -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    panel = (
        timeseries.Panel()
        .title(graph.title)
        .description(graph.description)
        .datasource(_SOURCE)
        .span(8)
        .height(8)
        .unit(graph.unit)
        .fill_opacity(10)
        .legend(legend.show_legend(show_legend=True))
    )
    for letter, (name, expression) in zip("ABCDEF", graph.queries.items(), strict=False):
        panel.with_target(prometheus.Dataquery().expr(expression).legend_format(name).range().ref_id(letter))
    return panel
