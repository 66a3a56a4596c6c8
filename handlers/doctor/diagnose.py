"""The diagnosis of a request: all checks of the server, in its order. A failed check does not stop the next one."""

from collections.abc import Iterable, Iterator
from itertools import chain

from handlers.doctor import call, header_names, request_format, token_request
from handlers.doctor.checks.verification_budget import VerificationBudget
from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Diagnosis, Finding, Verdict

_MISSING = frozenset({Verdict.HEADER_MISSING, Verdict.TOKEN_MISSING})
_CALL_HEADERS = ("Authorization", "X-PARTNER-ID", "X-EXTERNAL-ID")


def diagnose(request: Request, context: MerchantContext, budget: VerificationBudget | None = None) -> Diagnosis:
    """Find all mistakes of a request, as far as the budget allows. Without a budget there is no limit.

    If the request is far too large, only its size is checked (see `request_format.is_far_too_large`).
    """
    budget = budget or VerificationBudget()
    found = _first_of_each(_findings(request, context, budget))
    if found.keys() & _MISSING:
        request, misnamed = header_names.renamed(request, _wanted_headers(request, context))
        if misnamed:
            found = _first_of_each(chain(misnamed, _findings(request, context, budget)))
    main, *also = found.values() or [Finding(Verdict.GENUINE)]
    return Diagnosis(main, tuple(also), budget.cut_short)


def _first_of_each(findings: Iterable[Finding]) -> dict[Verdict, Finding]:
    """Return the first finding of each verdict. All missing headers are in one finding."""
    first: dict[Verdict, Finding] = {}
    for finding in findings:
        earlier = first.setdefault(finding.verdict, finding)
        if finding.verdict == Verdict.HEADER_MISSING and earlier is not finding:
            headers = f"{earlier.evidence['header']}, {finding.evidence['header']}"
            first[Verdict.HEADER_MISSING] = Finding(Verdict.HEADER_MISSING, {"header": headers})
    return first


def _wanted_headers(request: Request, context: MerchantContext) -> tuple[str, ...]:
    if is_call(request, context):
        return header_names.wanted_in_call(context.forms_at(request.path))
    return header_names.OF_TOKEN_REQUEST


def _findings(request: Request, context: MerchantContext, budget: VerificationBudget) -> Iterator[Finding]:
    is_a_call = is_call(request, context)
    if request_format.is_far_too_large(request):
        budget.cut_short = True
        limit = context.largest_call_body if is_a_call else request_format.LARGEST_BODY
        return chain(request_format.too_large(request), request_format.body_too_large(request.body, limit))
    return (call.findings if is_a_call else token_request.findings)(request, context, budget)


def is_call(request: Request, context: MerchantContext) -> bool:
    """Whether the request is a call, which carries a token. Any other request is judged as a token request."""
    if request.authorize_request:
        return True
    if request.path.endswith(context.token_path):
        return False
    if request.path in context.called_services:
        return True
    # Some clients send the headers of calls with their token requests too.
    wants_token = request.get("X-CLIENT-KEY") and not request.get("Authorization")
    return not wants_token and any(request.get(name) for name in _CALL_HEADERS)
