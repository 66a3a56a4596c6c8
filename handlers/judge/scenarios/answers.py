"""What a refusal looks like, whatever it refuses."""

from collections.abc import Callable, Sequence

from handlers.judge.exchange import SIGNATURE, TIMESTAMP, Answer, Request
from handlers.judge.expectations import echoed, header, member, outcome, says
from handlers.judge.player import Player
from handlers.judge.quoting import quoted
from handlers.judge.scenario import ASPI, ASPI_STANDARD, DOCUMENT, NIVA, Expectation, Scenario, Severity, each

LONGEST_MESSAGE = 150
MARKER = "SNAP-TOKEN-CHECK-MARKER"

_CODES = f"{ASPI}, response codes"
_MEMBERS = {"responseCode", "responseMessage"}


def _unauthorized(player: Player) -> Sequence[Request]:
    moment = player.present()
    return [player.carrying(moment, player.forged(moment))]


def _unreadable(player: Player) -> Sequence[Request]:
    return [player.genuine().with_body(b"{")]


def _refusals(player: Player) -> Sequence[Request]:
    return [*_unreadable(player), *_unauthorized(player)]


def _malformed(player: Player) -> Sequence[Request]:
    return [player.at("yesterday")]


def _missing(player: Player) -> Sequence[Request]:
    return [player.genuine().without(SIGNATURE)]


def _grantless(player: Player) -> Sequence[Request]:
    return [player.genuine().with_body(b"{}")]


def _marked(player: Player) -> Sequence[Request]:
    """A marker in the place of the timestamp and of grantType."""
    marked = f'{{"grantType":"{MARKER}"}}'.encode()
    return [player.genuine().with_header(TIMESTAMP, MARKER), player.genuine().with_body(marked)]


def _two_members(answer: Answer) -> str:
    members = set(answer.members)
    if members == _MEMBERS:
        return ""
    return f"responseCode and responseMessage expected, {quoted(', '.join(sorted(members))) or outcome(answer)}"


def _silent(answer: Answer) -> str:
    return f"the value that was sent stands in the answer: {outcome(answer)}" if MARKER.encode() in answer.body else ""


def _short(answer: Answer) -> str:
    length = len(answer.message)
    return "" if length <= LONGEST_MESSAGE else f"responseMessage has {length} characters"


def _answer(  # noqa: PLR0913  a row of the table
    name: str,
    says_: str,
    source: str,
    asks: Callable[[Player], Sequence[Request]],
    expected: Expectation,
    *,
    severity: Severity = Severity.MINOR,
) -> Scenario:
    return Scenario(f"answer.{name}", severity, says_, source, asks, each(expected))


SCENARIOS = (
    _answer(
        "code_is_text",
        "responseCode of a refusal is a JSON string, as typed clients fail on a number.",
        f"{ASPI}, response body; {NIVA}, response",
        _refusals,
        member("responseCode", lambda value: isinstance(value, str), "a string"),
        severity=Severity.MAJOR,
    ),
    _answer(
        "members",
        "A refusal has responseCode and responseMessage and nothing else, so that it tells nothing of the server.",
        f"{_CODES}; {DOCUMENT}, Reading an answer",
        _refusals,
        _two_members,
    ),
    _answer(
        "message_length",
        "responseMessage has at most 150 characters, the size of the field.",
        f"{ASPI}, response body: String 150",
        _refusals,
        _short,
    ),
    _answer(
        "media_type",
        "The Content-Type of a refusal is application/json, as clients choose their parser by it.",
        f"{ASPI}, response headers; RFC 8259, 11",
        _refusals,
        header("Content-Type", lambda value: value.partition(";")[0].lower() == "application/json", "application/json"),
    ),
    _answer(
        "timestamp_header",
        "A refusal carries X-TIMESTAMP, which tells a client whose clock is off what time it is.",
        ASPI_STANDARD,
        _refusals,
        header("X-TIMESTAMP", bool, "the server's time"),
    ),
    _answer(
        "message_unauthorized",
        "A wrong signature is told in the words of its code, which its sender searches the table for.",
        _CODES,
        _unauthorized,
        says(),
    ),
    _answer(
        "client_key_header",
        "A refusal carries the X-CLIENT-KEY of the request, which ASPI makes mandatory.",
        ASPI_STANDARD,
        _unauthorized,
        echoed,
    ),
    _answer(
        "challenge",
        "A 401 carries WWW-Authenticate, as HTTP demands and some client libraries fail without it.",
        "RFC 9110, 15.5.2",
        _unauthorized,
        header("WWW-Authenticate", bool, "a challenge"),
    ),
    _answer(
        "message_bad_request",
        "An unreadable body is told in the words of its code, by which its sender finds the cause.",
        _CODES,
        _unreadable,
        says(),
    ),
    _answer(
        "message_of_format",
        "A malformed X-TIMESTAMP is named in the message, so that its sender knows what to mend.",
        f"{_CODES}: {{field name}}",
        _malformed,
        says(TIMESTAMP),
    ),
    _answer(
        "message_of_header",
        "A missing X-SIGNATURE is named in the message, so that its sender knows what to mend.",
        f"{_CODES}: {{field name}}",
        _missing,
        says(SIGNATURE),
    ),
    _answer(
        "message_of_member",
        "A missing grantType is named in the message, so that its sender knows what to mend.",
        f"{_CODES}: {{field name}}",
        _grantless,
        says("grantType"),
    ),
    _answer(
        "no_echo",
        "A refusal repeats no value that was sent, as whoever shows or logs the answer would be fed by strangers.",
        f"{DOCUMENT}, Error; CWE-209",
        _marked,
        _silent,
    ),
)
