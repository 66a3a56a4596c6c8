"""The chart of a ledger as SVG: requests a second by outcome, memory and descriptors of the workers, and the faults."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tests.soak.ledger import Entry, Ledger, Usage

WIDTH, LEFT, RIGHT, TOP = 960, 60, 16, 40
PANEL_HEIGHT, GAP, LINE = 120, 30, 15
BUCKETS = 200
"""How many points a line of the requests has at most."""
_COLOURS = {"as expected": "#2a7", "refused as expected": "#38c", "failed": "#c33", "other": "#939"}
_FAULT, _HARMLESS = "#f2c9c0", "#e4e4e4"

Point = tuple[float, float]


@dataclass(frozen=True)
class _Line:
    colour: str
    points: Sequence[Point]
    """Times in Unix seconds, and values."""


@dataclass(frozen=True)
class _Axis:
    """The time axis. Times are Unix seconds."""

    start: float
    end: float

    def x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - self.start) / max(self.end - self.start, 1)


def chart(title: str, ledger: Ledger) -> bytes:
    """Draw the ledger."""
    times = [entry.sent for entry in ledger.entries] + [usage.at for usage in ledger.usages]
    axis = _Axis(min(times, default=0), max(times, default=1))
    panels = {
        "requests a second": _requests(ledger.entries, axis),
        "memory of each worker, MiB": _usages(ledger.usages, lambda usage: usage.kilobytes / 1024),
        "descriptors of each worker": _usages(ledger.usages, lambda usage: usage.descriptors),
    }
    bottom = TOP + len(panels) * (PANEL_HEIGHT + GAP)
    height = bottom + LINE * (len(ledger.faults) + 1)
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height}")
    SubElement(svg, "style").text = "text{font:12px sans-serif}polyline{fill:none;stroke-width:1.2}"
    _text(svg, LEFT, 16, f"{title}: {axis.end - axis.start:.0f} seconds")
    _legend(svg)
    _faults(svg, ledger, axis, bottom)
    for number, (name, lines) in enumerate(panels.items()):
        _panel(svg, TOP + number * (PANEL_HEIGHT + GAP), name, lines, axis)
    indent(svg)
    return tostring(svg, xml_declaration=True)


def _outcome(entry: Entry) -> str:
    if entry.is_failure:
        return "failed"
    if entry.answered != entry.expected:
        return "other"
    return "as expected" if entry.answered.startswith("200") else "refused as expected"


def _requests(entries: Iterable[Entry], axis: _Axis) -> list[_Line]:
    width = max((axis.end - axis.start) / BUCKETS, 1.0)
    counts = {outcome: Counter[int]() for outcome in _COLOURS}
    for entry in entries:
        counts[_outcome(entry)][int((entry.sent - axis.start) / width)] += 1
    steps = range(int((axis.end - axis.start) / width) + 1)
    return [
        _Line(colour, [(axis.start + step * width, counts[outcome][step] / width) for step in steps])
        for outcome, colour in _COLOURS.items()
    ]


def _usages(usages: Iterable[Usage], value: Callable[[Usage], float]) -> list[_Line]:
    points = defaultdict[int, list[Point]](list)
    for usage in usages:
        points[usage.pid].append((usage.at, value(usage)))
    return [_Line("#555", each) for each in points.values()]


def _panel(svg: Element, top: float, name: str, lines: Sequence[_Line], axis: _Axis) -> None:
    most = max((value for line in lines for _, value in line.points), default=0) or 1
    bottom = top + PANEL_HEIGHT
    box = {"x": LEFT, "y": top, "width": WIDTH - LEFT - RIGHT, "height": PANEL_HEIGHT}
    _add(svg, "rect", **box, fill="none", stroke="#999")
    _text(svg, LEFT, bottom + 14, name)
    _text(svg, LEFT - 4, top + 10, f"{most:.0f}", text_anchor="end")
    _text(svg, LEFT - 4, bottom, "0", text_anchor="end")
    for line in lines:
        points = (f"{axis.x(at):.1f},{bottom - PANEL_HEIGHT * value / most:.1f}" for at, value in line.points)
        _add(svg, "polyline", points=" ".join(points), stroke=line.colour)


def _faults(svg: Element, ledger: Ledger, axis: _Axis, bottom: float) -> None:
    """A band for each fault, and below the panels its number, its time after the start, and its name."""
    for number, fault in enumerate(ledger.faults, 1):
        x, end = axis.x(fault.start), axis.x(min(fault.end, axis.end))
        colour = _HARMLESS if fault.is_harmless else _FAULT
        _add(svg, "rect", x=x, y=TOP, width=max(end - x, 1), height=bottom - TOP - GAP, fill=colour)
        _text(svg, x, TOP - 4, str(number))
        _text(svg, LEFT, bottom + LINE * number, f"{number}  {fault.start - axis.start:.0f} s: {fault.name}")


def _legend(svg: Element) -> None:
    for number, (outcome, colour) in enumerate(_COLOURS.items()):
        _text(svg, WIDTH - RIGHT - 150 * (len(_COLOURS) - number), 16, outcome, fill=colour)


def _text(svg: Element, x: float, y: float, text: str, **attributes: object) -> None:
    _add(svg, "text", x=x, y=y, **attributes).text = text


def _add(parent: Element, tag: str, **attributes: object) -> Element:
    values = {name.replace("_", "-"): _rendered(value) for name, value in attributes.items()}
    return SubElement(parent, tag, values)


def _rendered(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
