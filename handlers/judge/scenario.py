"""What one scenario is: what is sent, what is expected of the answers, how bad it is otherwise, and who says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from handlers.judge.exchange import Answer, Request
from handlers.judge.player import Player

ASPI = "ASPI, Access Token B2B (service 73)"
ASPI_STANDARD = "ASPI, Standar Teknis dan Keamanan, 2.1.5.b"
NICO = "NICEPAY, NICO, Access Token"
NIVA = "NICEPAY, NIVA, Access Token"
DOCUMENT = "snap-token's document (a ruling of its own, not SNAP's)"
"""`openapi/snap-token.yaml`: where SNAP is silent, it decides, and who decides otherwise is not wrong by SNAP."""


class Severity(IntEnum):
    """The worse, the greater.

    Critical: somebody gets a token who should not, or nobody gets one. Major: an honest client fails, or the server
    does. Minor: the form differs from what the sources say.
    """

    MINOR = 1
    MAJOR = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """As reports write it."""
        return self.name.lower()


Expectation = Callable[[Answer], str]
"""How one answer deviates from what is expected; empty if it does not."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the catalogue. `says` is one sentence: what is expected, and why it matters."""

    name: str
    severity: Severity
    says: str
    source: str
    asks: Callable[[Player], Sequence[Request]]
    judges: Callable[[Sequence[Answer]], str]

    @property
    def group(self) -> str:
        """The first word of the name."""
        return self.name.partition(".")[0]


def each(*expectations: Expectation) -> Callable[[Sequence[Answer]], str]:
    """Every answer meets every expectation; else the first deviation."""

    def judges(answers: Sequence[Answer]) -> str:
        deviations = (expected(answer) for answer in answers for expected in expectations)
        return next(filter(None, deviations), "")

    return judges
