"""Expectations of one answer. Each returns how the answer deviates, or an empty string if it is as expected."""

from collections.abc import Callable

from handlers.judge.exchange import CLIENT_KEY, Answer
from handlers.judge.json_body import (
    content_encoding_mistake,
    duplicate_member,
    encoding_mistake,
    syntax_mistake,
)
from handlers.judge.redaction import redacted
from handlers.judge.scenario import Expectation
from handlers.snap import codes
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, CATALOGUE

_MESSAGES = {code.response_code(ACCESS_TOKEN_SERVICE): code.message for code in (*CATALOGUE, codes.INVALID_TOKEN)}
_OK = 200
_TOO_MANY_REQUESTS = 429  # Says nothing about the request: the judge is too fast for the server.
_REFUSALS = frozenset(range(400, 500)) - {_TOO_MANY_REQUESTS}
_FAILURES = frozenset(range(500, 600)) | {_TOO_MANY_REQUESTS}


def summary(answer: Answer) -> str:
    """Summarise an answer by status, code and message, without its token."""
    if answer.failure:
        return f"no answer ({redacted(answer.failure)})"
    code_and_message = " ".join(filter(None, (answer.code, answer.message)))
    if code_and_message:
        return f"HTTP {answer.status}, {redacted(code_and_message)}"
    mistake = syntax_mistake(answer.body) if answer.body else ""
    return f"HTTP {answer.status} without a SNAP body{f'; {redacted(mistake)}' if mistake else ''}"


def readable(answer: Answer) -> str:
    """Expect JSON in UTF-8 that is not compressed, and that every client reads alike."""
    deviations = (
        content_encoding_mistake(answer.header("content-encoding") or ""),
        encoding_mistake(answer.body, answer.header("content-type") or ""),
        syntax_mistake(answer.body),
        duplicate_member(answer.body),
    )
    return next(filter(None, deviations), "")


def token_issued(answer: Answer) -> str:
    """Expect a token. Other expectations check its format."""
    return "" if answer.status == _OK and answer.token else f"expected a token, got {summary(answer)}"


def refused_with(*accepted: str) -> Expectation:
    """Expect one of these response codes, with the HTTP status that the code begins with (ASPI, responseCode)."""

    def expectation(answer: Answer) -> str:
        if answer.code in accepted and answer.code.startswith(str(answer.status)):
            return ""
        return f"expected {' or '.join(accepted)}, got {summary(answer)}"

    return expectation


def refused_with_or_served(*accepted: str) -> Expectation:
    """Expect one of these response codes if the request is refused. Another scenario reports an issued token."""
    expectation = refused_with(*accepted)
    return lambda answer: "" if answer.token else expectation(answer)


def refused_4xx(answer: Answer) -> str:
    """Expect any refusal of the client's request. 429 is not one."""
    return "" if answer.status in _REFUSALS else f"expected HTTP 4xx, got {summary(answer)}"


def refused_or_closed(answer: Answer) -> str:
    """Expect a refusal, or that the server closes the connection while the request is sent."""
    return "" if answer.failure.startswith("closed") else refused_4xx(answer)


def no_server_error(answer: Answer) -> str:
    """Expect an answer that is neither 5xx nor 429."""
    failed = answer.failure or answer.status in _FAILURES
    return f"the server failed: {summary(answer)}" if failed else ""


def no_token(answer: Answer) -> str:
    """Expect that no token is issued. Other scenarios check the code of the refusal."""
    return f"the server issued a token: {summary(answer)}" if answer.holds_token else no_server_error(answer)


def standard_message(field: str = "") -> Expectation:
    """Expect the message that belongs to the code (ASPI), in any case, with the name of the field if it has a place."""

    def expectation(answer: Answer) -> str:
        expected = _MESSAGES.get(answer.code)
        if expected is None:
            return f"not a code of the table: {summary(answer)}"
        start, message = expected.partition("{}")[0].strip().casefold(), answer.message.casefold()
        named = field.casefold() in message or "{}" not in expected
        return (
            "" if message.startswith(start) and named else f"expected {expected.format(field)!r}, got {summary(answer)}"
        )

    return expectation


def member_is(name: str, is_valid: Callable[[object], bool], description: str) -> Expectation:
    """Expect a valid member of the body. The value of an absent member is None."""

    def expectation(answer: Answer) -> str:
        value = answer.members.get(name)
        if is_valid(value):
            return ""
        return f"{name}: expected {description}, got {type(value).__name__} {redacted(str(value))}"

    return expectation


def header_is(name: str, is_valid: Callable[[str], bool], description: str) -> Expectation:
    """Expect a valid header. The value of an absent header is an empty string."""

    def expectation(answer: Answer) -> str:
        value = answer.header(name.lower()) or ""
        return "" if is_valid(value) else f"{name}: expected {description}, got {redacted(value) or 'none'}"

    return expectation


def client_key_echoed(answer: Answer) -> str:
    """Expect the X-CLIENT-KEY of the request."""
    client_key = dict(answer.request.headers)[CLIENT_KEY]
    return header_is(CLIENT_KEY, lambda value: value == client_key, "that of the request")(answer)
