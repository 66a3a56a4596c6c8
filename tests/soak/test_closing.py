"""Each rule of the closing finds a planted defect, and accepts a ledger without one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.soak import closing
from tests.soak.ledger import DELIVERED, ISSUED, LOST, Entry, Fault, Ledger, Usage

TOKEN = Entry("token", "signature", ISSUED, ISSUED, 10.0, 10.1, "a", 910)
AGAIN = Entry("token again", "signature", ISSUED, ISSUED, 11.0, 11.1, "b", 910)
CALL = Entry("call", "ordNo1", DELIVERED, DELIVERED, 12.0, 12.1, "c")
REPEAT = Entry("call again", "ordNo1", "4099000", "4099000", 13.0, 13.1, "d")
FAULT = Fault("kill -9", 19.0, 21.0)


def _usages(kilobytes: Callable[[int], int], descriptors: Callable[[int], int]) -> list[Usage]:
    return [Usage(1, float(number), kilobytes(number), descriptors(number)) for number in range(30)]


def _ledger(*more: Entry, deliveries: tuple[str, ...] = ("ordNo1",), audited: str = "abcd") -> Ledger:
    usages = _usages(lambda _: 50_000, lambda _: 30)
    entries = [TOKEN, AGAIN, CALL, REPEAT, *more]
    return Ledger(entries, [FAULT], usages, list(deliveries), list(audited), logged=list("abcde"))


def _broken(ledger: Ledger) -> set[str]:
    return {rule for rule, found in closing.offenders(ledger).items() if found}


def test_a_ledger_without_a_defect_closes() -> None:
    """No rule has an offender."""
    assert _broken(_ledger()) == set()


def test_a_fault_explains_the_failures_in_its_time() -> None:
    """A lost answer and a 5xx during a fault are no offence, with an audit line and without one."""
    lost = replace(CALL, key="2", answered=LOST, sent=20.0, ended=20.1, request_id="")
    failed = replace(CALL, key="3", answered="5037300", sent=20.0, ended=20.1, request_id="e")
    assert _broken(_ledger(lost, failed, audited="abcdx")) == set()


def test_a_stall_of_the_machine_explains_failures_only() -> None:
    """A machine that does not let the workers work explains a 5xx, and no refusal of an honest request."""
    stall = Fault("no processor", 29.0, 31.0)
    assert _broken(replace(_ledger(FAILED), stalls=[stall])) == set()
    refused = replace(FAILED, answered="4019000")
    assert _broken(replace(_ledger(refused, audited="abcde"), stalls=[stall])) == {"other_answers"}


def test_a_harmless_fault_explains_nothing() -> None:
    """A failure during a fault that must harm nobody is an offence, also if the request takes longer than the fault."""
    harmless = replace(
        _ledger(replace(CALL, key="2", answered=LOST, sent=5.0, ended=40.0)),
        faults=[Fault("x", 20.0, 21.0, is_harmless=True)],
    )
    assert _broken(harmless) == {"unexplained_failures"}


FAILED = replace(CALL, key="2", answered="5037300", sent=30.0, ended=30.1, request_id="e")
DEFECTS = {
    "5xx": (_ledger(FAILED), {"unexplained_failures"}),
    "lost": (_ledger(replace(FAILED, answered=LOST)), {"unexplained_failures"}),
    "honest refused": (_ledger(replace(FAILED, answered="4019000"), audited="abcde"), {"other_answers"}),
    "delivered twice": (_ledger(deliveries=("ordNo1", "ordNo1")), {"accepted_twice"}),
    "accepted twice": (
        _ledger(replace(REPEAT, answered=DELIVERED, request_id="e"), audited="abcde"),
        {"accepted_twice", "other_answers"},
    ),
    "not delivered": (_ledger(deliveries=()), {"never_delivered"}),
    "span extended": (_ledger(replace(AGAIN, token_end=911, request_id="e"), audited="abcde"), {"extended_spans"}),
    "no audit line": (_ledger(audited="abc"), {"audit_lines"}),
    "two audit lines": (_ledger(audited="abcdd"), {"audit_lines"}),
    "foreign audit line": (_ledger(audited="abcdx"), {"audit_lines"}),
    "chain": (replace(_ledger(), chain_errors="line 7 was changed"), {"broken_chain"}),
    "no log line": (replace(_ledger(), logged=list("abc")), {"log_lines"}),
    "log lines beyond the lost ones": (replace(_ledger(), logged=list("ab"), lines_lost=1), {"log_lines"}),
    "memory": (replace(_ledger(), usages=_usages(lambda n: 50_000 + 1000 * n, lambda _: 30)), {"growing_memory"}),
    "descriptors": (
        replace(_ledger(), usages=_usages(lambda _: 50_000, lambda n: 30 + 3 * n)),
        {"growing_descriptors"},
    ),
    "nothing sent": (Ledger(), {"nothing_happened"}),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect: str) -> None:
    """Exactly the rules of that defect have offenders."""
    ledger, rules = DEFECTS[defect]
    assert _broken(ledger) == rules


def test_lines_that_are_lost_and_counted_are_no_defect() -> None:
    """The log may lose lines if it says how many. A killed process loses what it had not written, and cannot say so."""
    assert _broken(replace(_ledger(), logged=list("abc"), lines_lost=1)) == set()
    late = replace(CALL, key="2", answered="4019000", expected="4019000", sent=18.0, ended=18.5, request_id="f")
    assert _broken(_ledger(late, audited="abcdf")) == set()
