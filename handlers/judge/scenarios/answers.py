"""The format of refusals."""

from collections.abc import Sequence

from handlers.judge.exchange import SIGNATURE, TIMESTAMP, Answer, Request
from handlers.judge.expectations import client_key_echoed, header_is, member_is, readable, standard_message, summary
from handlers.judge.redaction import redacted
from handlers.judge.scenario import ASPI, ASPI_STANDARD, DOCUMENT, NIVA, Expectation, Requests, Scenario, Severity, each
from handlers.judge.signer import Signer

LONGEST_MESSAGE = 150
MARKER = "SNAP-TOKEN-CHECK-MARKER"

_CODES = f"{ASPI}, response codes"
_MEMBERS = {"responseCode", "responseMessage"}


def _unauthorized(signer: Signer) -> Sequence[Request]:
    moment = signer.current_timestamp()
    return [signer.request_with(moment, signer.sign_with_unknown_key(moment))]


def _unreadable(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().with_body(b"{")]


def _refusals(signer: Signer) -> Sequence[Request]:
    return [*_unreadable(signer), *_unauthorized(signer)]


def _malformed(signer: Signer) -> Sequence[Request]:
    return [signer.signed_request("yesterday")]


def _missing(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().without_header(SIGNATURE)]


def _without_grant_type(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().with_body(b"{}")]


def _marked(signer: Signer) -> Sequence[Request]:
    """Send a marker as X-TIMESTAMP, and as grantType."""
    marked = f'{{"grantType":"{MARKER}"}}'.encode()
    return [signer.valid_request().with_header(TIMESTAMP, MARKER), signer.valid_request().with_body(marked)]


def _two_members(answer: Answer) -> str:
    members = set(answer.members)
    if members == _MEMBERS:
        return ""
    return (
        f"expected only responseCode and responseMessage, got {redacted(', '.join(sorted(members))) or summary(answer)}"
    )


def _no_echo(answer: Answer) -> str:
    return f"the answer contains the value that was sent: {summary(answer)}" if MARKER.encode() in answer.body else ""


def _message_length(answer: Answer) -> str:
    length = len(answer.message)
    return "" if length <= LONGEST_MESSAGE else f"responseMessage has {length} characters"


def _answer(  # noqa: PLR0913  a row of the table
    name: str,
    rule: str,
    source: str,
    requests: Requests,
    expected: Expectation,
    *,
    severity: Severity = Severity.MINOR,
) -> Scenario:
    return Scenario(f"answer.{name}", severity, rule, source, requests, each(expected))


SCENARIOS = (
    _answer(
        "code_is_text",
        "responseCode of a refusal is a JSON string, because typed clients fail on a number.",
        f"{ASPI}, response body; {NIVA}, response",
        _refusals,
        member_is("responseCode", lambda value: isinstance(value, str), "a string"),
        severity=Severity.MAJOR,
    ),
    _answer(
        "readable",
        "A refusal is JSON in UTF-8 without a byte order mark, because clients in PHP, Go and Node read nothing else.",
        "RFC 8259, 2, 4 and 8.1",
        _refusals,
        readable,
        severity=Severity.MAJOR,
    ),
    _answer(
        "members",
        "A refusal has only responseCode and responseMessage, so that it reveals nothing about the server.",
        f"{_CODES}; {DOCUMENT}, Reading an answer",
        _refusals,
        _two_members,
    ),
    _answer(
        "message_length",
        "responseMessage has at most 150 characters, because the field has this size.",
        f"{ASPI}, response body: String 150",
        _refusals,
        _message_length,
    ),
    _answer(
        "media_type",
        "The Content-Type of a refusal is application/json, because clients choose their parser by it.",
        f"{ASPI}, response headers; RFC 8259, 11",
        _refusals,
        header_is(
            "Content-Type", lambda value: value.partition(";")[0].lower() == "application/json", "application/json"
        ),
    ),
    _answer(
        "timestamp_header",
        "A refusal carries X-TIMESTAMP, so that a client can see that its own clock is wrong.",
        ASPI_STANDARD,
        _refusals,
        header_is("X-TIMESTAMP", bool, "the server's time"),
    ),
    _answer(
        "message_unauthorized",
        "A wrong signature gets the message of its code, so that the client finds the cause in the table.",
        _CODES,
        _unauthorized,
        standard_message(),
    ),
    _answer(
        "client_key_header",
        "A refusal carries the X-CLIENT-KEY of the request, because ASPI makes it mandatory.",
        ASPI_STANDARD,
        _unauthorized,
        client_key_echoed,
    ),
    _answer(
        "challenge",
        "A 401 carries WWW-Authenticate, because HTTP requires it and some client libraries fail without it.",
        "RFC 9110, 15.5.2",
        _unauthorized,
        header_is("WWW-Authenticate", bool, "a challenge"),
    ),
    _answer(
        "message_bad_request",
        "An unreadable body gets the message of its code, so that the client finds the cause in the table.",
        _CODES,
        _unreadable,
        standard_message(),
    ),
    _answer(
        "message_of_format",
        "The message names a malformed X-TIMESTAMP, so that the client knows what to correct.",
        f"{_CODES}: {{field name}}",
        _malformed,
        standard_message(TIMESTAMP),
    ),
    _answer(
        "message_of_header",
        "The message names a missing X-SIGNATURE, so that the client knows what to correct.",
        f"{_CODES}: {{field name}}",
        _missing,
        standard_message(SIGNATURE),
    ),
    _answer(
        "message_of_member",
        "The message names a missing grantType, so that the client knows what to correct.",
        f"{_CODES}: {{field name}}",
        _without_grant_type,
        standard_message("grantType"),
    ),
    _answer(
        "no_echo",
        "A refusal repeats no value of the request, because otherwise attackers could inject text into logs.",
        f"{DOCUMENT}, Error; CWE-209",
        _marked,
        _no_echo,
    ),
)
