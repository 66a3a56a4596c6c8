"""The passes of `make fuzz`: what must come of each, and which tests reach the other documented answers."""

from dataclasses import dataclass
from pathlib import Path

from tests import document

_WIRE = "tests/fuzz/test_wire.py::test_the_wire_is_answered_in_order"
_MIDDLEWARE = "tests/unit/server/openapi/test_error_middleware.py"
_EXAMPLE = "tests/api/test_internal_examples.py::test_an_answer_equals_its_example"

ELSEWHERE = {
    document.PATH: {
        "404": "tests/api/test_answers.py::test_an_unknown_path_is_not_found",
        "408": f"{_WIRE}[stalled body]",
        "409": "tests/api/test_clients.py::test_a_repeat_is_a_conflict_where_the_settings_say_so",
        "413": f"{_WIRE}[CL of 1 GB]",
        "414": f"{_WIRE}[target of 3 KB]",
        "431": f"{_WIRE}[65 headers]",
        "500": f"{_MIDDLEWARE}::test_a_failure_is_a_general_error_and_a_logged_traceback",
    },
    document.INTERNAL_PATH: {
        "404": f"{_EXAMPLE}[UnknownService-4040000]",
        "408": f"{_EXAMPLE}[RequestTimeout-4082400]",
        "409": f"{_EXAMPLE}[Conflict-4092400]",
        "413": f"{_EXAMPLE}[CallTooLarge-4132400]",
        "414": f"{_EXAMPLE}[UriTooLong-4142400]",
        "431": f"{_EXAMPLE}[HeadersTooLarge-4312400]",
        "500": f"{_EXAMPLE}[Failure-5002402]",
        "503": f"{_EXAMPLE}[NotReady-5030000]",
    },
}
"""The answers of each document that requests made from it do not lead to, and the tests that get them."""


@dataclass(frozen=True)
class Pass:
    """One way to fuzz, and what must come of it."""

    name: str
    document: Path
    answers: frozenset[str]
    """The statuses that it must get, and there must be no other."""
    share: float = 1.0
    """Of the examples that are asked for: a document of several operations has so many for each of them."""
    hooks: str = ""
    """The module that makes requests right, if any does."""
    warnings: frozenset[str] = frozenset()
    """Those of schemathesis that there must be, and there must be no other."""
    least_good: float = 0
    """200 as a part of all answers."""
    counted: str = ""
    """The path whose different requests that got a 200 are counted."""
    least_requests: int = 0


SIGNED = Pass(
    "signed",
    document.PATH,
    frozenset({"200", "400", "405", "415"}),
    hooks="tests.fuzz.hooks",
    least_good=1 / 3,
    counted=document.TOKEN_PATH,
    least_requests=50,
)
UNSIGNED = Pass(
    "unsigned", document.PATH, frozenset({"400", "401", "405", "415"}), warnings=frozenset({"missing_auth"})
)
GENUINE = Pass(
    "genuine",
    document.INTERNAL_PATH,
    frozenset({"200", "400", "401", "405", "415"}),
    share=0.3,
    hooks="tests.fuzz.hooks_internal",
    least_good=1 / 3,
    counted="/authorize",
    least_requests=25,
)
STRANGE = Pass(
    "strange",
    document.INTERNAL_PATH,
    frozenset({"200", "401", "405"}),
    share=0.1,
    warnings=frozenset({"missing_auth"}),
)

PASSES = (SIGNED, UNSIGNED, GENUINE, STRANGE)
