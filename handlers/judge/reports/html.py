"""One HTML page that needs nothing else: no script, no request to anywhere."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from handlers.judge.reports.facts import Report

_PAGES = Environment(
    loader=PackageLoader("handlers.judge.reports", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(report: Report) -> str:
    """The page; whatever the server said is escaped."""
    return _PAGES.get_template("report.html.jinja").render(report=report.as_json())
