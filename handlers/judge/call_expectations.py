"""Expectations of the answer to a call."""

import re

from handlers.judge.exchange import Answer
from handlers.judge.expectations import refused_4xx, summary
from handlers.judge.scenario import Expectation

_SUCCESSES = range(200, 300)


def served(answer: Answer) -> str:
    """Expect that the service behind the endpoint answers. Its body is its own."""
    return "" if answer.status in _SUCCESSES else f"expected HTTP 2xx of your service, got {summary(answer)}"


def refused(answer: Answer) -> str:
    """Expect any refusal. Another scenario checks its code."""
    if answer.status in _SUCCESSES:
        return f"the call was not refused: {summary(answer)}"
    return refused_4xx(answer)


def response_code(service_code: str, *accepted: str) -> Expectation:
    """Expect one of these codes if the call is refused: HTTP status, service code, case code (ASPI, responseCode).

    `accepted` are such as `401xx00`. Any two digits are accepted in place of xx, if `service_code` is empty.
    """
    patterns = [each.replace("xx", service_code or "[0-9]{2}") for each in accepted]
    expected = " or ".join(each.replace("xx", service_code or "xx") for each in accepted)

    def expectation(answer: Answer) -> str:
        is_accepted = any(re.fullmatch(each, answer.code) for each in patterns)
        if refused(answer) or (is_accepted and answer.code.startswith(str(answer.status))):
            return ""
        return f"expected {expected}, got {summary(answer)}"

    return expectation


def if_refused(expectation: Expectation) -> Expectation:
    """Hold the answer against the expectation only if it refuses the call."""
    return lambda answer: "" if refused(answer) else expectation(answer)
