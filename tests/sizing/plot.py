"""The plot of the simulation as SVG, on a white background, for light and dark pages."""

from collections.abc import Sequence
from html import escape

from tests.pages import ROOT
from tests.sizing import window, words
from tests.sizing.words import LANGUAGES, Language

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 400, 58, 20, 46, 52
_MOST_SECONDS = window.DRIFTS[-1]
_COLOURS = {300: "#1a6fb5", 60: "#c4560f"}
_DASHES = {7: "7 4", 30: "none"}
CRYSTAL_SECONDS = 50e-6 * 86_400


def file(language: Language) -> str:
    """The path of the plot, from the root of the repository."""
    return f".assets/{language}/window.svg"


def _x(seconds: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / _MOST_SECONDS


def _y(percent: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * percent / 100


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, more: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {more}/>'


def _axes() -> list[str]:
    grid = 'stroke="#ddd"'
    rows = [(_y(percent), f"{percent} %") for percent in range(0, 101, 20)]
    columns = [(_x(seconds), f"{seconds}") for seconds in range(0, _MOST_SECONDS + 1, 10)]
    return [
        *(_line(_LEFT, y, _WIDTH - _RIGHT, y, grid) for y, _ in rows),
        *(_text(_LEFT - 8, y + 4, label, ' text-anchor="end"') for y, label in rows),
        *(_line(x, _TOP, x, _y(0), grid) for x, _ in columns),
        *(_text(x, _y(0) + 18, label, ' text-anchor="middle"') for x, label in columns),
    ]


def _style(curve: tuple[int, int]) -> str:
    tolerance, days = curve
    return f'stroke="{_COLOURS[tolerance]}" stroke-width="2.5" stroke-dasharray="{_DASHES[days]}"'


def _curve(curve: tuple[int, int], percents: Sequence[float]) -> str:
    points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(window.DRIFTS, percents, strict=True))
    return f'<polyline points="{points}" fill="none" {_style(curve)}/>'


def _legend(label: str) -> list[str]:
    """One line for each curve, where no curve runs."""
    lines = []
    for place, curve in enumerate(window.CURVES):
        y = _y(55) + 19 * place
        lines += [_line(_x(29), y - 4, _x(32), y - 4, _style(curve)), _text(_x(32.7), y, label.format(*curve))]
    return lines


def svg(language: Language) -> str:
    """The share of refused requests by drift, a curve for each tolerance and interval of corrections."""
    words_ = words.PLOT[language]
    crystal = _x(CRYSTAL_SECONDS)
    parts = [
        '<rect width="100%" height="100%" fill="#fff"/>',
        _text(12, 24, words_["title"], ' font-size="15" font-weight="bold"'),
        *_axes(),
        _text(_x(_MOST_SECONDS / 2), _HEIGHT - 12, words_["x"], ' text-anchor="middle"'),
        _line(crystal, _TOP, crystal, _y(0), 'stroke="#555" stroke-dasharray="2 3"'),
        _text(crystal + 5, _y(95), words_["crystal"], ' fill="#555" font-size="11"'),
        *(_curve(curve, percents) for curve, percents in window.curves().items()),
        *_legend(words_["curve"]),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    body = "\n".join(parts)
    return (
        f'{head} font-family="sans-serif" font-size="13">\n<title>{escape(words_["title"])}</title>\n{body}\n</svg>\n'
    )


def write() -> None:
    """Write the plot of each language."""
    for language in LANGUAGES:
        target = ROOT / file(language)
        target.parent.mkdir(exist_ok=True)
        target.write_text(svg(language), encoding="utf-8")
