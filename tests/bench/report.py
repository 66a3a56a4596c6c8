"""What was measured, as rows: aligned for a terminal, as Markdown for a page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

COLUMNS = ("", "", "req/s", "ratio to (a)", "CPU us", "(a)'s to it", "p50 us", "p99 us", "RSS MB")
Row = tuple[str, ...]


@dataclass
class Taken:
    """One contestant over all rounds; `why_missing` if it did not take part."""

    letter: str
    name: str
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    megabytes: float = 0.0
    refused: int = 0
    why_missing: str = ""

    @property
    def rate(self) -> float:
        return median(self.rates) if self.rates else 0.0

    def ratios(self, floor: "Taken") -> list[float]:
        """Round by round: both were measured within seconds of each other."""
        return [own / other for own, other in zip(self.rates, floor.rates, strict=False) if other]

    def thrift(self, other: "Taken") -> list[float]:
        """The other's CPU time to this one's, round by round: what else the machine does hardly moves it."""
        return [theirs / own for own, theirs in zip(self.cpu, other.cpu, strict=False) if own]

    def percentile(self, percent: int) -> float:
        """Of the latencies, in microseconds."""
        return quantiles(self.latencies, n=100)[percent - 1] * 1e6 if len(self.latencies) > 1 else 0.0


def row(taken: Taken, floor: Taken) -> Row:
    if taken.why_missing or not taken.rates:
        return (
            f"({taken.letter})",
            taken.name,
            f"missing: {taken.why_missing or 'no answer'}",
            *[""] * (len(COLUMNS) - 3),
        )
    ratios = taken.ratios(floor) or [0.0]
    return (
        f"({taken.letter})",
        taken.name + (f", {taken.refused} not answered with 200" if taken.refused else ""),
        f"{taken.rate:,.0f}" if taken.rate >= 100 else f"{taken.rate:.1f}",
        f"{median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})",
        f"{median(taken.cpu):,.0f}",
        f"{median(taken.thrift(floor)):.3f}",
        f"{taken.percentile(50):,.0f}",
        f"{taken.percentile(99):,.0f}",
        f"{taken.megabytes:.0f}",
    )


def aligned(rows: Sequence[Row]) -> str:
    """The first two columns to the left, the others to the right."""
    whole = [each for each in rows if not each[2].startswith("missing")]
    widths = [max(len(each[column]) for each in whole) for column in range(len(rows[0]))]
    widths[1] = max(len(each[1]) for each in rows)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 or cell.startswith("missing") else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(each, widths, strict=True))
        ).rstrip()
        for each in rows
    )


def markdown(rows: Sequence[Row]) -> str:
    head, *others = [f"| {' | '.join(each)} |" for each in rows]
    rule = "|" + "|".join([" --- ", " --- ", *[" ---: "] * (len(rows[0]) - 2)]) + "|"
    return "\n".join([head, rule, *others])


def goals(found: dict[str, Taken]) -> list[str]:
    """The ratios that the project has set itself, round by round, each with what came of it."""
    wanted = [("b", "a", 0.60), ("c", "a", 0.85), ("b", "d", 3.0), ("b", "f", 4.0), ("b", "g", 100.0)]
    lines = [_goal(found[own], found[other], least) for own, other, least in wanted]
    product = found["b"]
    if product.latencies:
        times = product.percentile(99) / product.percentile(50)
        lines.append(f"(b) p99 at half of the saturating rate is {times:.1f} times p50; wanted: under 5")
    return lines


def _goal(own: Taken, other: Taken, least: float) -> str:
    ratios = own.ratios(other)
    if not ratios:
        return f"({own.letter}) to ({other.letter}): not measured; wanted: at least {least:g}"
    verdict = "reached" if median(ratios) >= least else "not reached"
    by_cpu = f"by CPU time {median(own.thrift(other)):.2f}"
    return f"({own.letter}) is {median(ratios):.2f} times ({other.letter}), {by_cpu}; wanted: {least:g}; {verdict}"
