"""The ledger of an engine as text: requests, faults, and what else was counted."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.soak.ledger import Entry, Fault, Ledger


def summary(engine: str, ledger: Ledger) -> Iterator[str]:
    """The lines that are printed for an engine."""
    yield f"{engine}: {len(ledger.entries)} requests, {len(ledger.deliveries)} delivered calls"
    yield f"{'request':24} {'expected':8} {'answered':8} {'number':>7}"
    yield from table(ledger.entries)
    yield f"{'fault':50} {'start':8} {'seconds':>7} {'failures':>8}"
    yield from (_fault(fault, ledger) for fault in ledger.faults)
    yield from (f"left out: {reason}" for reason in ledger.left_out)
    yield f"{len(ledger.audited)} decisions in the audit trail, {len(ledger.logged)} in the logs"
    yield f"{len(ledger.stalls)} stalls of the machine explain {_stalled(ledger)} more failures"
    yield f"{ledger.lines_lost} lines of the logs are reported as lost"


def table(entries: list[Entry]) -> list[str]:
    """One line for each kind of request and answer, with their number."""
    counts = Counter((entry.kind, entry.expected, entry.answered) for entry in entries)
    return [
        f"{kind:24} {expected:8} {answered:8} {count:7}" for (kind, expected, answered), count in sorted(counts.items())
    ]


def _stalled(ledger: Ledger) -> int:
    failures = ledger.unexplained(entry for entry in ledger.entries if entry.is_failure)
    return sum(any(stall.explains(entry) for stall in ledger.stalls) for entry in failures)


def _fault(fault: Fault, ledger: Ledger) -> str:
    """When the fault began (UTC), how long it took, and how many failures it explains."""
    start = datetime.fromtimestamp(fault.start, UTC)
    failures = sum(entry.is_failure and fault.explains(entry) for entry in ledger.entries)
    return (
        f"{fault.name:50} {start:%H:%M:%S} {fault.end - fault.start:7.1f} {'-' if fault.is_harmless else failures:>8}"
    )
