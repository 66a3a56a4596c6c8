"""A scenario: which requests the judge sends, and which answers the sources require."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from handlers.judge.exchange import Answer, Request
from handlers.judge.signer import Signer

ASPI = "ASPI, Access Token B2B (service 73)"
ASPI_STANDARD = "ASPI, Standar Teknis dan Keamanan, 2.1.5.b"
NICO = "NICEPAY, NICO, Access Token"
NIVA = "NICEPAY, NIVA, Access Token"
DOCUMENT = "snap-token's document (its own rule, not a rule of SNAP)"
"""`openapi/snap-token.yaml`. It decides where SNAP is silent. A server that decides otherwise breaks no SNAP rule."""


class Severity(IntEnum):
    """How bad a deviation is.

    Critical: somebody gets a token who must not, or nobody gets one. Major: an honest client fails, or the server
    fails. Minor: the form of an answer differs from the sources.
    """

    MINOR = 1
    MAJOR = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """The name in lowercase, for reports."""
        return self.name.lower()


Requests = Callable[[Signer], Sequence[Request]]
"""Makes the requests of a scenario."""

Expectation = Callable[[Answer], str]
"""Returns how an answer deviates from what is expected, or an empty string if it does not deviate."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the catalogue.

    `rule` is one sentence: what is required, and why. `source` names who requires it. `evaluate` returns the first
    deviation of the answers, or an empty string.
    """

    name: str
    severity: Severity
    rule: str
    source: str
    requests: Requests
    evaluate: Callable[[Sequence[Answer]], str]

    @property
    def group(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


def each(*expectations: Expectation) -> Callable[[Sequence[Answer]], str]:
    """Return an `evaluate` function that holds every answer against every expectation."""

    def evaluate(answers: Sequence[Answer]) -> str:
        deviations = (expectation(answer) for answer in answers for expectation in expectations)
        return next(filter(None, deviations), "")

    return evaluate
