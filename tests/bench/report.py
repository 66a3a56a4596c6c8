"""The results as a table, for a terminal and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

COLUMNS = ("", "", "req/s", "ratio to (a)", "CPU us", "CPU ratio", "p50 us", "p99 us", "RSS MB")
Row = tuple[str, ...]


@dataclass
class Result:
    """The results of one contestant in all rounds. `why_missing` is set if it did not take part.

    `rates` are requests a second, `cpu` is CPU time in microseconds a request, and `latencies` are seconds.
    """

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

    def ratios(self, floor: "Result") -> list[float]:
        """The ratio of the rates in each round. Both were measured within seconds of each other."""
        return [own / other for own, other in zip(self.rates, floor.rates, strict=False) if other]

    def cpu_ratios(self, other: "Result") -> list[float]:
        """The other's CPU time divided by this one's, in each round. Other load on the machine hardly changes it."""
        return [theirs / own for own, theirs in zip(self.cpu, other.cpu, strict=False) if own]

    def percentile(self, percent: int) -> float:
        """A percentile of the latencies in microseconds."""
        return quantiles(self.latencies, n=100)[percent - 1] * 1e6 if len(self.latencies) > 1 else 0.0


def row(result: Result, floor: Result) -> Row:
    if result.why_missing or not result.rates:
        return (
            f"({result.letter})",
            result.name,
            f"missing: {result.why_missing or 'no answer'}",
            *[""] * (len(COLUMNS) - 3),
        )
    ratios = result.ratios(floor) or [0.0]
    return (
        f"({result.letter})",
        result.name + (f", {result.refused} not answered with 200" if result.refused else ""),
        f"{result.rate:,.0f}" if result.rate >= 100 else f"{result.rate:.1f}",
        f"{median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})",
        f"{median(result.cpu):,.0f}",
        f"{median(result.cpu_ratios(floor)):.3f}",
        f"{result.percentile(50):,.0f}",
        f"{result.percentile(99):,.0f}",
        f"{result.megabytes:.0f}",
    )


def aligned(rows: Sequence[Row]) -> str:
    """The table for a terminal. The first two columns are aligned to the left, the others to the right."""
    complete = [each for each in rows if not each[2].startswith("missing")]
    widths = [max(len(each[column]) for each in complete) for column in range(len(rows[0]))]
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


def goals(results: dict[str, Result]) -> list[str]:
    """The ratios that are the project's goals, each with its result."""
    wanted = [("b", "a", 0.60), ("c", "a", 0.85), ("b", "d", 3.0), ("b", "f", 4.0), ("b", "g", 100.0)]
    lines = [_goal(results[own], results[other], least) for own, other, least in wanted if {own, other} <= {*results}]
    if {"b", "m"} <= {*results}:
        lines.append(_cost_of_metrics(results["b"], results["m"]))
    product = results.get("b")
    if product and product.latencies:
        factor = product.percentile(99) / product.percentile(50)
        lines.append(f"(b) p99 at half of the highest rate is {factor:.1f} times p50; goal: under 5")
    return lines


def _cost_of_metrics(product: Result, without: Result) -> str:
    shares = product.cpu_ratios(without)
    share = f"{1 - median(shares):.1%}" if shares else "not measured"
    return f"metrics take {share} of the CPU time of (b), compared with (m); goal: at most 3 %"


def forms(results: dict[str, Result]) -> list[str]:
    """Each form of call beside (i), the symmetric form with a token."""
    others = [results[each] for each in "hjk" if each in results and "i" in results and results[each].rates]
    return [_beside(each, results["i"]) for each in others if results["i"].rates]


def _beside(own: Result, other: Result) -> str:
    ratio, by_cpu = median(own.ratios(other)), median(own.cpu_ratios(other))
    return f"({own.letter}) is {ratio:.2f} times ({other.letter}), by CPU time {by_cpu:.2f}: {own.name}"


def _goal(own: Result, other: Result, least: float) -> str:
    ratios = own.ratios(other)
    if not ratios:
        return f"({own.letter}) to ({other.letter}): not measured; goal: at least {least:g}"
    outcome = "reached" if median(ratios) >= least else "not reached"
    by_cpu = f"by CPU time {median(own.cpu_ratios(other)):.2f}"
    return f"({own.letter}) is {median(ratios):.2f} times ({other.letter}), {by_cpu}; goal: {least:g}; {outcome}"
