"""The output of `snap-token check`: progress, a table or JSON, and files."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import track
from rich.table import Column, Table
from rich.text import Text

from handlers.cli.errors import UsageError
from handlers.judge.reports.html import html as page_of
from handlers.judge.reports.junit import junit as junit_of
from handlers.judge.reports.report import Report
from handlers.judge.scenario_runner import ScenarioResult

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim"}


def with_progress(played: Iterable[ScenarioResult], number: int) -> Iterable[ScenarioResult]:
    """Show a progress bar on standard error, if it is a terminal. `number` is the number of scenarios."""
    console = Console(stderr=True)
    return track(played, "Judging", number, console=console, transient=True, disable=not console.is_terminal)


def print_report(report: Report, not_played: str, *, as_json: bool) -> None:
    """Print the report as a table or as JSON. `not_played` says why scenarios were skipped."""
    if as_json:
        sys.stdout.write(f"{json.dumps(report.as_json(), indent=2)}\n")
        return
    played = [result for result in report.results if result.outcome != "skipped"]
    Console(file=sys.stdout).print(_table(f"{report.url}: {report.summary}", played))
    if len(played) < len(report.results):
        sys.stdout.write(f"{not_played}\n")


def _table(title: str, played: Iterable[ScenarioResult]) -> Table:
    scenario, found = Column("scenario", overflow="fold", ratio=2), Column("found", overflow="fold", ratio=3)
    table = Table(scenario, "severity", "result", found, title=title)
    for result in played:
        outcome = Text(result.outcome, _STYLES[result.outcome])
        table.add_row(result.scenario.name, result.scenario.severity.word, outcome, _found(result))
    return table


def _found(result: ScenarioResult) -> Text:
    if result.outcome != "failed":
        return Text()
    return Text.assemble(result.found, "\n\n", (f"Source: {result.scenario.source}", "dim"))


def write_reports(report: Report, junit: Path | None, html: Path | None) -> None:
    """Write the report to these files.

    Raises:
        UsageError: a file cannot be written.
    """
    if junit:
        _write(junit, junit_of(report))
    if html:
        _write(html, page_of(report))


def require_writable(*files: Path | None) -> None:
    """Check the files before the requests, which take half a minute. An old report stays until the new one is ready.

    Raises:
        UsageError: a file cannot be written.
    """
    for file in filter(None, files):
        _write(file, "", mode="a")


def _write(file: Path, text: str, mode: Literal["w", "a"] = "w") -> None:
    try:
        with file.open(mode, encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise UsageError(message) from error
