"""The rules that close a ledger. Each rule returns its offenders, one line each, and none if the ledger obeys it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from statistics import median

from tests.soak.ledger import DELIVERED, LOST, Ledger, Usage

Rule = Callable[[Ledger], list[str]]

MEMORY_KILOBYTES = 8192
"""How much more memory a worker may use at the end than after its start."""
DESCRIPTORS = 16
"""How many more descriptors a worker may have open at the end than after its start."""
LOG_SECONDS = 1.0
"""A log line may wait so long for others, to be written with them. A killed process loses it."""
SAMPLES = 12
"""A worker with fewer samples is not judged. Its first third warms up."""


def unexplained_failures(ledger: Ledger) -> list[str]:
    """No answer is a 5xx and none is lost, unless a fault or a stall of the machine explains it."""
    failures = ledger.unexplained(entry for entry in ledger.entries if entry.is_failure)
    return [str(entry) for entry in failures if not any(stall.explains(entry) for stall in ledger.stalls)]


def other_answers(ledger: Ledger) -> list[str]:
    """No honest request is refused, and no hostile one or repeated one is accepted."""
    return [str(entry) for entry in ledger.entries if not entry.is_failure and entry.answered != entry.expected]


def accepted_twice(ledger: Ledger) -> list[str]:
    """No external id is accepted twice: one answer at most, and one call at the merchant's service at most."""
    answers = Counter(entry.key for entry in ledger.entries if entry.answered == DELIVERED)
    counts = answers | Counter(ledger.deliveries)
    return [f"{key} was accepted {count} times" for key, count in counts.items() if count > 1]


def never_delivered(ledger: Ledger) -> list[str]:
    """Each call that got the merchant's answer reached the merchant's service."""
    delivered = set(ledger.deliveries)
    return [str(entry) for entry in ledger.entries if entry.answered == DELIVERED and entry.key not in delivered]


def extended_spans(ledger: Ledger) -> list[str]:
    """All tokens of one signed request end together."""
    ends = defaultdict[str, set[int]](set)
    for entry in ledger.entries:
        if entry.token_end is not None:
            ends[entry.key].add(entry.token_end)
    return [f"the tokens of {key[:24]} end at {sorted(found)}" for key, found in ends.items() if len(found) > 1]


def audit_lines(ledger: Ledger) -> list[str]:
    """Each decision has one line in the trail: each answer one, each failure one at most, and there are no others."""
    lines = Counter(ledger.audited)
    answered = {entry.request_id: entry for entry in ledger.entries if entry.answered != LOST}
    wrong = [
        f"{lines[request_id]} audit lines for {entry}"
        for request_id, entry in answered.items()
        if lines[request_id] != 1 and not (entry.is_failure and not lines[request_id])
    ]
    lost = sum(entry.answered == LOST for entry in ledger.entries)
    others = sorted(lines.keys() - answered.keys())
    return wrong + [f"an audit line for no request: {request_id}" for request_id in others[lost:]]


def broken_chain(ledger: Ledger) -> list[str]:
    """`snap-token audit verify` finds the trail whole."""
    return [ledger.chain_errors] if ledger.chain_errors else []


def log_lines(ledger: Ledger) -> list[str]:
    """Each answer has a line in a log, or the instances count as many lost lines. A fault explains a missing line."""
    logged = set(ledger.logged)
    answered = ledger.unexplained((entry for entry in ledger.entries if not entry.is_failure), LOG_SECONDS)
    missing = [entry for entry in answered if entry.request_id not in logged]
    return [f"no log line for {entry}" for entry in missing] if len(missing) > ledger.lines_lost else []


def growing_memory(ledger: Ledger) -> list[str]:
    """The memory of each worker is flat."""
    return list(_grown(ledger, "KiB", lambda usage: usage.kilobytes, MEMORY_KILOBYTES))


def growing_descriptors(ledger: Ledger) -> list[str]:
    """The number of open descriptors of each worker is flat."""
    return list(_grown(ledger, "descriptors", lambda usage: usage.descriptors, DESCRIPTORS))


def _grown(ledger: Ledger, unit: str, value: Callable[[Usage], int], most: int) -> Iterator[str]:
    values = defaultdict[int, list[int]](list)
    for usage in ledger.usages:
        values[usage.pid].append(value(usage))
    for pid, found in values.items():
        third = len(found) // 3
        before, after = median(found[third : 2 * third] or [0]), median(found[2 * third :])
        if len(found) >= SAMPLES and after - before > most:
            yield f"worker {pid} grew from {before:.0f} to {after:.0f} {unit}"


def nothing_happened(ledger: Ledger) -> list[str]:
    """Every kind of request got its expected answer at least once."""
    met = {entry.kind for entry in ledger.entries if entry.answered == entry.expected}
    kinds = {entry.kind for entry in ledger.entries}
    return [] if met and met == kinds else [f"never answered as expected: {sorted(kinds - met) or 'anything'}"]


RULES: tuple[Rule, ...] = (
    unexplained_failures,
    other_answers,
    accepted_twice,
    never_delivered,
    extended_spans,
    audit_lines,
    broken_chain,
    log_lines,
    growing_memory,
    growing_descriptors,
    nothing_happened,
)


def offenders(ledger: Ledger) -> dict[str, list[str]]:
    """The offenders of each rule."""
    return {rule.__name__: rule(ledger) for rule in RULES}
