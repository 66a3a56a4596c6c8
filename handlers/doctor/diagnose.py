"""The examination: every check that the server makes, in its order, and none left out after the first that fails."""

from collections.abc import Iterator
from itertools import chain

from handlers.doctor import call, form, token_request
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Diagnosis, Finding, Verdict

_OF_CALLS = ("Authorization", "X-PARTNER-ID", "X-EXTERNAL-ID")


def examine(request: Request, knowledge: MerchantContext, effort: VerificationBudget | None = None) -> Diagnosis:
    """What the server says of a request, why, and what else is wrong with it, as far as the effort allows.

    If the request is far too large, only its size is judged.
    """
    effort = effort or VerificationBudget()
    first: dict[Verdict, Finding] = {}
    for finding in _findings(request, knowledge, effort):
        first.setdefault(finding.verdict, finding)
    main, *also = first.values() or [Finding(Verdict.GENUINE)]
    return Diagnosis(main, tuple(also), effort.cut_short)


def _findings(request: Request, knowledge: MerchantContext, effort: VerificationBudget) -> Iterator[Finding]:
    called = is_call(request, knowledge)
    if form.is_far_too_large(request):
        effort.cut_short = True
        most = knowledge.largest_call_body if called else form.LARGEST_BODY
        return chain(form.too_large(request), form.body_too_large(request.body, most))
    return (call.findings if called else token_request.findings)(request, knowledge, effort)


def is_call(request: Request, knowledge: MerchantContext) -> bool:
    """Whether it is one of the calls that follow the token; what is neither is taken for a request for a token."""
    if request.question:
        return True
    if request.path.endswith(knowledge.token_path):
        return False
    if request.path in knowledge.call_paths:
        return True
    # Some clients send the headers of calls with their requests for tokens, too.
    asks_for_token = request.get("X-CLIENT-KEY") and not request.get("Authorization")
    return not asks_for_token and any(request.get(name) for name in _OF_CALLS)
