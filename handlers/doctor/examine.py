"""The examination: every check that the server makes, in its order, and none left out after the first that fails."""

from handlers.doctor import call, token_request
from handlers.doctor.knowledge import Knowledge
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Diagnosis, Finding, Verdict

_OF_CALLS = ("Authorization", "X-PARTNER-ID", "X-EXTERNAL-ID")


def examine(request: Request, knowledge: Knowledge) -> Diagnosis:
    """What the server says of a request, why, and what else is wrong with it."""
    findings = call.findings if is_call(request, knowledge) else token_request.findings
    first: dict[Verdict, Finding] = {}
    for finding in findings(request, knowledge):
        first.setdefault(finding.verdict, finding)
    main, *also = first.values() or [Finding(Verdict.GENUINE)]
    return Diagnosis(main, tuple(also))


def is_call(request: Request, knowledge: Knowledge) -> bool:
    """Whether it is one of the calls that follow the token; what is neither is taken for a request for a token."""
    if request.path.endswith(knowledge.token_path):
        return False
    if request.path in knowledge.call_paths:
        return True
    # Some clients send the headers of calls with their requests for tokens, too.
    asks_for_token = request.get("X-CLIENT-KEY") and not request.get("Authorization")
    return not asks_for_token and any(request.get(name) for name in _OF_CALLS)
