"""A bar chart of the rates, as SVG: plain, on white, readable in a page of either colour."""

from collections.abc import Sequence
from html import escape

from tests.bench.report import Taken

_WIDTH, _LEFT, _RIGHT, _STEP, _BAR, _TOP = 760, 230, 90, 30, 18, 56
_OURS = frozenset({"b", "c"})


def svg(taken: Sequence[Taken], caption: str) -> str:
    """One bar a contestant, ours in colour."""
    most = max(each.rate for each in taken) or 1.0
    height = _TOP + _STEP * len(taken) + 12
    bars = "\n".join(_bar(each, _TOP + _STEP * number, most) for number, each in enumerate(taken))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">
<title>Token requests a second on one core</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="22" font-size="15" font-weight="bold">Token requests a second on one core</text>
<text x="12" y="41" fill="#555" font-size="11">{escape(caption)}</text>
{bars}
</svg>
"""


def _bar(taken: Taken, top: int, most: float) -> str:
    width = (_WIDTH - _LEFT - _RIGHT) * taken.rate / most
    colour = "#1a6fb5" if taken.letter in _OURS else "#9aa5b1"
    value = "missing" if taken.why_missing else f"{taken.rate:,.0f}"
    line = top + _BAR - 4
    return (
        f'<text x="{_LEFT - 8}" y="{line}" text-anchor="end">{escape(taken.name)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{max(width, 1):.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{_LEFT + width + 6:.1f}" y="{line}">{value}</text>'
    )
