"""A genuine request, and what the answer to it looks like."""

import re
from collections.abc import Sequence
from datetime import timedelta

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import echoed, header, member, refused, served
from handlers.judge.player import Player
from handlers.judge.scenario import ASPI, ASPI_STANDARD, DOCUMENT, NICO, NIVA, Expectation, Scenario, Severity, each
from handlers.snap.timestamp import parse

LONGEST_TOKEN = 150
LONGEST_LIFETIME = 900

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]*")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_APART = timedelta(minutes=5)


def _one(player: Player) -> Sequence[Request]:
    return [player.genuine()]


def _twice(player: Player) -> Sequence[Request]:
    return [player.genuine()] * 2


def _token_fits(answer: Answer) -> str:
    """Only its length is told: it opens doors for 15 minutes."""
    length = len(answer.token)
    return "" if length <= LONGEST_TOKEN else f"accessToken has {length} characters, {LONGEST_TOKEN} are allowed"


def _token_is_sendable(answer: Answer) -> str:
    foreign = sorted(set(_TOKEN.sub("", answer.token)))
    return f"accessToken has characters that no bearer token may have: {foreign}" if foreign else ""


def _lifetime_holds(answer: Answer) -> str:
    value = str(answer.members.get("expiresIn", ""))
    if value.isdecimal() and 0 < int(value) <= LONGEST_LIFETIME:
        return ""
    return f"expiresIn: 1 to {LONGEST_LIFETIME} expected, {value[:20]!r}"


def _on_time(answer: Answer) -> str:
    """A header of another form is another scenario's."""
    try:
        off = parse(answer.header("x-timestamp") or "") - answer.at
    except ValueError:
        return ""
    return "" if abs(off) <= _APART else f"X-TIMESTAMP is {off.total_seconds():+.0f} s off"


def _scenario(
    name: str, severity: Severity, source: str, says: str, *expectations: Expectation, once: bool = True
) -> Scenario:
    return Scenario(f"success.{name}", severity, says, source, _one if once else _twice, each(*expectations))


SCENARIOS = (
    _scenario(
        "issued",
        Severity.CRITICAL,
        f"{NICO}; {ASPI}",
        "A genuine request is answered with HTTP 200 and an accessToken, without which NICEPAY can call nothing.",
        served,
    ),
    _scenario(
        "code",
        Severity.MAJOR,
        f"{ASPI}, response codes",
        "responseCode is 2007300, by which clients tell success from refusal.",
        refused("2007300"),
    ),
    _scenario(
        "message",
        Severity.MINOR,
        f"{ASPI}, response codes",
        "responseMessage is Successful, which some clients compare.",
        member("responseMessage", lambda value: str(value).casefold() == "successful", "Successful"),
    ),
    _scenario(
        "code_is_text",
        Severity.MAJOR,
        f"{ASPI}, response body; {NIVA}, response",
        "responseCode is a JSON string, as typed clients fail on a number.",
        member("responseCode", lambda value: isinstance(value, str), "a string"),
    ),
    _scenario(
        "token_length",
        Severity.MAJOR,
        f"{NIVA}, accessToken: String 150",
        "accessToken has at most 150 characters, as NICEPAY's field holds no more.",
        _token_fits,
    ),
    _scenario(
        "token_alphabet",
        Severity.MAJOR,
        "RFC 6750, 2.1",
        "accessToken has only the characters of a bearer token, as it goes into an Authorization header.",
        _token_is_sendable,
    ),
    _scenario(
        "token_type",
        Severity.MAJOR,
        f"{ASPI}, response body; {NIVA}, response",
        "tokenType is Bearer, which says how the token is sent.",
        member("tokenType", lambda value: str(value).lower() == "bearer", "Bearer"),
    ),
    _scenario(
        "expires_in_is_text",
        Severity.MAJOR,
        f"{ASPI}, response body: String; golang-nicepay (official NICEPAY client)",
        "expiresIn is a JSON string, as an official NICEPAY client fails on a number.",
        member("expiresIn", lambda value: isinstance(value, str), "a string"),
    ),
    _scenario(
        "expires_in_value",
        Severity.MINOR,
        f"{NICO}; {ASPI}: 15 minutes",
        "expiresIn is 1 to 900 seconds, as a token lives 15 minutes and no client should count on more.",
        _lifetime_holds,
    ),
    _scenario(
        "additional_info",
        Severity.MAJOR,
        f"{ASPI}, response body: Object",
        "additionalInfo is an object or absent, as an official NICEPAY client fails on a string.",
        member("additionalInfo", lambda value: value is None or isinstance(value, dict), "an object or nothing"),
    ),
    _scenario(
        "media_type",
        Severity.MINOR,
        f"{ASPI}, response headers; RFC 8259, 11",
        "The answer's Content-Type is application/json, as clients choose their parser by it.",
        header("Content-Type", lambda value: value.partition(";")[0].lower() == "application/json", "application/json"),
    ),
    _scenario(
        "timestamp_header",
        Severity.MINOR,
        ASPI_STANDARD,
        "The answer carries X-TIMESTAMP with its offset from UTC, which ASPI makes mandatory.",
        header("X-TIMESTAMP", lambda value: _TIMESTAMP.fullmatch(value) is not None, "a date, a time and an offset"),
    ),
    _scenario(
        "timestamp_is_now",
        Severity.MINOR,
        ASPI_STANDARD,
        "X-TIMESTAMP of the answer is the present time, as it is how a client finds that its own clock is off.",
        _on_time,
    ),
    _scenario(
        "client_key_header",
        Severity.MINOR,
        ASPI_STANDARD,
        "The answer carries the X-CLIENT-KEY of the request, which ASPI makes mandatory.",
        echoed,
    ),
    _scenario(
        "not_stored",
        Severity.MINOR,
        "RFC 6749, 5.1; RFC 9111, 5.2.2.5",
        "The answer forbids caches to store it, as whoever reads the cache has the token.",
        header("Cache-Control", lambda value: "no-store" in value.lower(), "no-store"),
    ),
    _scenario(
        "repeated",
        Severity.MINOR,  # ASPI has a Conflict for what is repeated.
        f"{DOCUMENT}, A repeated request",
        "The same request sent twice is served twice, as two honest requests of one second are alike to the byte.",
        served,
        once=False,
    ),
)
