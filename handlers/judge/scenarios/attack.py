"""One fault of a call, as a row of a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handlers.judge.caller import Caller, SignedForm
from handlers.judge.exchange import Request
from handlers.judge.scenario import Severity

ANY: frozenset[SignedForm] = frozenset({"asymmetric", "symmetric", "notification", "body-signed"})
NOTIFICATION: frozenset[SignedForm] = frozenset({"notification"})
WITH_EXTERNAL_ID = ANY - NOTIFICATION

UNAUTHORIZED = "401xx00"
MISSING = "400xx02"


def _always(_caller: Caller) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Attack:
    """One fault. The rule of its scenario is: `subject` is refused, because `reason`.

    `codes` are the response codes for it, such as `401xx00`, in which xx stands for the service code. The fault exists
    only in these `forms`, and only for callers of which `exists_for` is true.
    """

    name: str
    subject: str
    reason: str
    requests: Callable[[Caller], Sequence[Request]]
    codes: tuple[str, ...] = (UNAUTHORIZED,)
    forms: frozenset[SignedForm] = ANY
    severity: Severity = Severity.CRITICAL
    source: str = "ASPI, transaction signature; NICEPAY, X-SIGNATURE"
    exists_for: Callable[[Caller], bool] = _always

    def applies_to(self, caller: Caller) -> bool:
        """Whether the caller can make this fault."""
        return caller.form in self.forms and self.exists_for(caller)
