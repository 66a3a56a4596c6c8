"""The ledger of a soak: every request with its answer, every fault, and what each process used."""

from collections.abc import Iterable
from dataclasses import dataclass, field

LOST = "lost"
"""The answer of a request whose connection ended without one."""
DELIVERED = "200"
"""The answer to a call that reached the merchant's service."""
ISSUED = "2007300"


@dataclass(frozen=True)
class Entry:
    """One request and its answer. Times are Unix seconds.

    `key` says which entries repeat each other: the signature of a token request, the external id of a call, or the body
    of a call without an external id. `token_end` is the end of an issued token, in Unix seconds.
    """

    kind: str
    key: str
    expected: str
    answered: str
    sent: float
    ended: float
    request_id: str = ""
    token_end: int | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the answer is a 5xx, or none."""
        return self.answered == LOST or self.answered.startswith("5")

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:24]} at {self.sent:.3f}: {self.answered}, expected {self.expected}"


@dataclass(frozen=True)
class Fault:
    """What was done to the system, and until when failures are its consequence. Times are Unix seconds.

    A fault that must harm nobody explains nothing.
    """

    name: str
    start: float
    end: float
    is_harmless: bool = False

    def explains(self, entry: Entry, before: float = 0.0) -> bool:
        """Whether it explains a failure of this request. `before` is for what a process had not written yet."""
        return not self.is_harmless and entry.sent <= self.end and entry.ended >= self.start - before


@dataclass(frozen=True)
class Usage:
    """What one worker used at a time."""

    pid: int
    at: float
    kilobytes: int
    descriptors: int


@dataclass
class Ledger:
    """Everything that a soak saw. `deliveries` has the key of each call that reached the merchant's service."""

    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    audited: list[str] = field(default_factory=list)
    """The request IDs of the decisions in the audit trail."""
    chain_errors: str = ""
    """What `snap-token audit verify` says about a trail that is not whole."""
    logged: list[str] = field(default_factory=list)
    """The request IDs in the logs."""
    lines_lost: int = 0
    """How many lines the instances report as lost."""
    stalls: list[Fault] = field(default_factory=list)
    """Moments in which the machine did not let the system work."""
    left_out: list[str] = field(default_factory=list)
    """The faults that are not possible here, with the reason."""

    def unexplained(self, entries: Iterable[Entry], before: float = 0.0) -> list[Entry]:
        """The entries that no fault explains. A fault explains those that ended up to `before` seconds earlier too."""
        return [entry for entry in entries if not any(fault.explains(entry, before) for fault in self.faults)]
