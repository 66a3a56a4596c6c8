"""What is expected of one answer, as small functions: empty for as expected, else what came instead."""

from collections.abc import Callable

from handlers.judge.exchange import Answer
from handlers.judge.quoting import quoted
from handlers.judge.scenario import Expectation
from handlers.snap import codes
from handlers.snap.codes import ACCESS_TOKEN_SERVICE, CATALOGUE

_MESSAGES = {code.response_code(ACCESS_TOKEN_SERVICE): code.message for code in (*CATALOGUE, codes.INVALID_TOKEN)}
_OK = 200
_TOO_MANY_REQUESTS = 429  # It says nothing of the request: the judge is too fast for the server.
_REFUSALS = frozenset(range(400, 500)) - {_TOO_MANY_REQUESTS}
_FAILURES = frozenset(range(500, 600)) | {_TOO_MANY_REQUESTS}


def outcome(answer: Answer) -> str:
    """An answer in a few words, without its token."""
    if answer.failure:
        return f"no answer ({quoted(answer.failure)})"
    said = " ".join(filter(None, (answer.code, answer.message)))
    return f"HTTP {answer.status}{f', {quoted(said)}' if said else ' without a SNAP body'}"


def served(answer: Answer) -> str:
    """A token came; how it looks is asked elsewhere."""
    return "" if answer.status == _OK and answer.token else f"no token: {outcome(answer)}"


def refused(*accepted: str) -> Expectation:
    """One of these response codes, with the HTTP status that it begins with (ASPI, responseCode)."""

    def expectation(answer: Answer) -> str:
        if answer.code in accepted and answer.code.startswith(str(answer.status)):
            return ""
        return f"{' or '.join(accepted)} expected, {outcome(answer)}"

    return expectation


def refused_if_at_all(*accepted: str) -> Expectation:
    """The same of a refusal; that a token was issued is told elsewhere."""
    expectation = refused(*accepted)
    return lambda answer: "" if answer.token else expectation(answer)


def turned_away(answer: Answer) -> str:
    """Any refusal, as long as it is one."""
    return "" if answer.status in _REFUSALS else f"HTTP 4xx expected, {outcome(answer)}"


def turned_away_or_cut_off(answer: Answer) -> str:
    """A refusal, or the connection was closed in the midst of sending."""
    return "" if answer.failure.startswith("closed") else turned_away(answer)


def unfailed(answer: Answer) -> str:
    """Served or refused: the server itself did not fail, nor put us off."""
    failed = answer.failure or answer.status in _FAILURES
    return f"the server failed: {outcome(answer)}" if failed else ""


def unissued(answer: Answer) -> str:
    """No token; whether the refusal has the right code is asked elsewhere."""
    return f"a token was issued: {outcome(answer)}" if answer.token else unfailed(answer)


def says(field: str = "") -> Expectation:
    """The message that belongs to the code (ASPI), in any case, and the field's name where there is a place for it."""

    def expectation(answer: Answer) -> str:
        wanted = _MESSAGES.get(answer.code)
        if wanted is None:
            return f"no code of the table: {outcome(answer)}"
        start, message = wanted.partition("{}")[0].strip().casefold(), answer.message.casefold()
        named = field.casefold() in message or "{}" not in wanted
        return "" if message.startswith(start) and named else f"{wanted.format(field)!r} expected, {outcome(answer)}"

    return expectation


def member(name: str, holds: Callable[[object], bool], wanted: str) -> Expectation:
    """A member of the body, be it absent (None), of a certain form."""

    def expectation(answer: Answer) -> str:
        value = answer.members.get(name)
        return "" if holds(value) else f"{name}: {wanted} expected, {type(value).__name__} {quoted(str(value))}"

    return expectation


def header(name: str, holds: Callable[[str], bool], wanted: str) -> Expectation:
    """A header of a certain form; an absent one counts as empty."""

    def expectation(answer: Answer) -> str:
        value = answer.header(name.lower()) or ""
        return "" if holds(value) else f"{name}: {wanted} expected, {quoted(value) if value else 'absent'}"

    return expectation


def echoed(answer: Answer) -> str:
    """X-CLIENT-KEY is that of the request."""
    sent = dict(answer.request.headers)["X-CLIENT-KEY"]
    return header("X-CLIENT-KEY", lambda value: value == sent, "that of the request")(answer)
