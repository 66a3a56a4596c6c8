"""The passes of `make fuzz` with their required results, and the tests that reach the other documented answers."""

from dataclasses import dataclass
from pathlib import Path

from tests import document

_WIRE = "tests/fuzz/test_wire.py::test_the_first_answer_is_allowed"
_MIDDLEWARE = "tests/unit/server/openapi/test_error_middleware.py"
_EXAMPLE = "tests/api/test_internal_examples.py::test_an_answer_equals_its_example"

OTHER_ANSWERS = {
    document.PATH: {
        "404": "tests/api/test_answers.py::test_an_unknown_path_is_not_found",
        "408": f"{_WIRE}[stalled body]",
        "409": "tests/api/test_clients.py::test_a_repeat_is_a_conflict_where_the_settings_say_so",
        "413": f"{_WIRE}[CL of 1 GB]",
        "414": f"{_WIRE}[target of 3 KB]",
        "429": "tests/api/test_request_limits.py::test_a_flood_of_refusals_makes_no_other_address_wait",
        "431": f"{_WIRE}[65 headers]",
        "500": f"{_MIDDLEWARE}::test_a_failure_is_a_general_error_and_a_logged_traceback",
    },
    document.INTERNAL_PATH: {
        "404": f"{_EXAMPLE}[UnknownService-4040000]",
        "408": f"{_EXAMPLE}[RequestTimeout-4082400]",
        "409": f"{_EXAMPLE}[Conflict-4092400]",
        "413": f"{_EXAMPLE}[CallTooLarge-4132400]",
        "414": f"{_EXAMPLE}[UriTooLong-4142400]",
        "429": f"{_EXAMPLE}[TooManyCalls-4292400]",
        "431": f"{_EXAMPLE}[HeadersTooLarge-4312400]",
        "500": f"{_EXAMPLE}[Failure-5002402]",
        "503": f"{_EXAMPLE}[NotReady-5030000]",
    },
}
"""For each document, the answers that its generated requests never get, and the tests that do get them."""


@dataclass(frozen=True)
class Pass:
    """One run of schemathesis against a document, and its required results."""

    name: str
    document: Path
    answers: frozenset[str]
    """The statuses that the pass must get. It must get no other status but those in `rare`."""
    share_of_examples: float = 1.0
    """The factor for the number of examples. schemathesis draws that number for each operation of a document."""
    hooks: str = ""
    """The module with the hooks of schemathesis, if there is one."""
    rare: frozenset[str] = frozenset()
    """The statuses that the pass may get."""
    warnings: frozenset[str] = frozenset()
    """The warnings that schemathesis must give. It must give no other warning."""
    least_share_of_200: float = 0
    """The least share of answers with status 200."""
    counted_path: str = ""
    """The path for which the different requests with status 200 are counted."""
    least_requests: int = 0
    """The least number of these requests."""
    least_of_each_form: int = 0
    """The least number of calls of each form with status 200."""


SIGNED = Pass(
    "signed",
    document.PATH,
    frozenset({"200", "400", "405", "415"}),
    hooks="tests.fuzz.hooks",
    least_share_of_200=1 / 3,
    counted_path=document.TOKEN_PATH,
    least_requests=50,
)
UNSIGNED = Pass(
    "unsigned",
    document.PATH,
    frozenset({"400", "401", "405"}),
    rare=frozenset({"415"}),  # The headers are validated first, and random ones are seldom valid.
    warnings=frozenset({"missing_auth"}),
)
GENUINE = Pass(
    "genuine",
    document.INTERNAL_PATH,
    frozenset({"200", "400", "401", "405", "415"}),
    share_of_examples=0.3,
    hooks="tests.fuzz.hooks_internal",
    least_share_of_200=1 / 3,
    counted_path="/authorize",
    least_requests=25,
    least_of_each_form=8,
)
WRONG_SECRET = Pass(
    "wrong-secret",
    document.INTERNAL_PATH,
    frozenset({"200", "401", "405"}),
    share_of_examples=0.1,
    hooks="tests.fuzz.hooks_openmetrics",
    warnings=frozenset({"missing_auth"}),
)

PASSES = (SIGNED, UNSIGNED, GENUINE, WRONG_SECRET)
