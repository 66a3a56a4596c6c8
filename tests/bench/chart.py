"""A bar chart of the request rates as SVG, on a white background, for light and dark pages."""

from collections.abc import Sequence
from html import escape

from tests.bench.report import Result

_WIDTH, _LEFT, _RIGHT, _STEP, _BAR, _TOP = 760, 230, 90, 30, 18, 56
_OURS = frozenset({"b", "c"})


def svg(results: Sequence[Result], caption: str) -> str:
    """One bar for each contestant. The bars of this project are blue."""
    highest = max(each.rate for each in results) or 1.0
    height = _TOP + _STEP * len(results) + 12
    bars = "\n".join(_bar(each, _TOP + _STEP * number, highest) for number, each in enumerate(results))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">
<title>Token requests a second on one core</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="22" font-size="15" font-weight="bold">Token requests a second on one core</text>
<text x="12" y="41" fill="#555" font-size="11">{escape(caption)}</text>
{bars}
</svg>
"""


def _bar(result: Result, top: int, highest: float) -> str:
    width = (_WIDTH - _LEFT - _RIGHT) * result.rate / highest
    colour = "#1a6fb5" if result.letter in _OURS else "#9aa5b1"
    value = "missing" if result.why_missing else f"{result.rate:,.0f}"
    line = top + _BAR - 4
    return (
        f'<text x="{_LEFT - 8}" y="{line}" text-anchor="end">{escape(result.name)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{max(width, 1):.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{_LEFT + width + 6:.1f}" y="{line}">{value}</text>'
    )
