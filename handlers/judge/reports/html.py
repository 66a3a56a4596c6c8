"""The report as one HTML page. It has no script and loads nothing."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from handlers.judge.reports.report import Report

_PAGES = Environment(
    loader=PackageLoader("handlers.judge.reports", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(report: Report) -> str:
    """Return the page. Text from the server is escaped."""
    return _PAGES.get_template("report.html.jinja").render(report=report.as_json())
