"""What is printed and drawn of a ledger."""

from xml.etree.ElementTree import fromstring

from tests.soak.chart import chart
from tests.soak.ledger import ISSUED, Entry, Fault, Ledger, Usage
from tests.soak.summary import summary

TOKEN = Entry("token", "signature", ISSUED, ISSUED, 10.0, 10.1, "a")
FAILED = Entry("token", "signature", ISSUED, "5007302", 20.0, 20.1, "b")
FAULTS = [Fault("kill -9", 19.0, 21.0), Fault("settings reload", 30.0, 31.0, is_harmless=True)]
USAGES = [Usage(pid, at, 50_000 + pid, 30) for pid in (1, 2) for at in (10.0, 40.0)]
LEDGER = Ledger([TOKEN, TOKEN, FAILED], FAULTS, USAGES, lines_lost=3, left_out=["a fault: the reason"])


def test_the_summary_counts_answers_and_failures() -> None:
    """Each kind of request has a line for each answer that it got, and each fault a line with what it explains."""
    lines = list(summary("sqlite", LEDGER))
    assert f"{'token':24} 2007300  2007300        2" in lines
    assert f"{'kill -9':50} 00:00:19     2.0        1" in lines
    assert f"{'settings reload':50} 00:00:30     1.0        -" in lines
    assert "left out: a fault: the reason" in lines
    assert "3 lines of the logs are reported as lost" in lines


def test_the_chart_has_a_band_for_each_fault_and_a_line_for_each_worker() -> None:
    """The chart is SVG: three panels, four outcomes, two workers twice, and the names of the faults."""
    svg = fromstring(chart("sqlite", LEDGER))  # noqa: S314  we wrote it ourselves
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert len(svg.findall("svg:rect", space)) == 3 + 2
    assert len(svg.findall("svg:polyline", space)) == 4 + 2 * 2
    texts = [each.text for each in svg.findall("svg:text", space)]
    assert {"1  9 s: kill -9", "2  20 s: settings reload"} <= set(texts)


def test_an_empty_ledger_has_a_chart() -> None:
    """A soak that ended at once is drawn too."""
    assert chart("redis", Ledger()).endswith(b"</svg>")
