"""A genuine request, and the format of the answer."""

import re
from collections.abc import Sequence
from datetime import timedelta

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import client_key_echoed, header_is, member_is, refused_with, token_issued
from handlers.judge.json_body import (
    content_encoding_mistake,
    duplicate_member,
    encoding_mistake,
    syntax_mistake,
)
from handlers.judge.scenario import ASPI, ASPI_STANDARD, DOCUMENT, NICO, NIVA, Expectation, Scenario, Severity, each
from handlers.judge.signer import Signer
from handlers.snap.timestamp import parse

LONGEST_TOKEN = 150
LONGEST_LIFETIME = 900

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]*")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_TOLERANCE = timedelta(minutes=5)


def _once(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request()]


def _twice(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request()] * 2


def _token_length(answer: Answer) -> str:
    """Check the length of the token. The report shows only the length, because the token is a secret."""
    length = len(answer.token)
    return (
        ""
        if length <= LONGEST_TOKEN
        else f"accessToken has {length} characters, but at most {LONGEST_TOKEN} are allowed"
    )


def _token_alphabet(answer: Answer) -> str:
    forbidden = sorted(set(_TOKEN.sub("", answer.token)))
    return f"accessToken has characters that a bearer token must not have: {forbidden}" if forbidden else ""


def _lifetime(answer: Answer) -> str:
    value = str(answer.members.get("expiresIn", ""))
    if value.isdecimal() and 0 < int(value) <= LONGEST_LIFETIME:
        return ""
    return f"expiresIn: expected 1 to {LONGEST_LIFETIME}, got {value[:20]!r}"


def _current_time(answer: Answer) -> str:
    """Check that X-TIMESTAMP is the current time. Another scenario checks its format."""
    try:
        off = parse(answer.header("x-timestamp") or "") - answer.received_at
    except ValueError:
        return ""
    return (
        "" if abs(off) <= _TOLERANCE else f"X-TIMESTAMP differs by {off.total_seconds():+.0f} s from the current time"
    )


def _scenario(
    name: str, severity: Severity, source: str, rule: str, *expectations: Expectation, once: bool = True
) -> Scenario:
    return Scenario(f"success.{name}", severity, rule, source, _once if once else _twice, each(*expectations))


SCENARIOS = (
    _scenario(
        "issued",
        Severity.CRITICAL,
        f"{NICO}; {ASPI}",
        "A genuine request gets HTTP 200 and an accessToken, because NICEPAY can call nothing without a token.",
        token_issued,
    ),
    _scenario(
        "encoding",
        Severity.MAJOR,
        "RFC 8259, 8.1",
        "The body is UTF-8 without a byte order mark, because clients in PHP, Go and Node fail on any other text.",
        lambda answer: encoding_mistake(answer.body, answer.header("content-type") or ""),
    ),
    _scenario(
        "json",
        Severity.MAJOR,
        "RFC 8259, 2 and 6",
        "The body is one JSON value without comments, NaN or text behind it, because clients fail on anything else.",
        lambda answer: syntax_mistake(answer.body),
    ),
    _scenario(
        "members_once",
        Severity.MAJOR,
        "RFC 8259, 4",
        "Each member comes once, because some clients read the first accessToken of two, and others the last.",
        lambda answer: duplicate_member(answer.body),
    ),
    _scenario(
        "not_compressed",
        Severity.MAJOR,
        "RFC 9110, 12.5.3",
        "The answer is not compressed unless the client accepts that, because a plain client cannot read it.",
        lambda answer: content_encoding_mistake(answer.header("content-encoding") or ""),
    ),
    _scenario(
        "code",
        Severity.MAJOR,
        f"{ASPI}, response codes",
        "responseCode is 2007300, because clients recognise success by it.",
        refused_with("2007300"),
    ),
    _scenario(
        "message",
        Severity.MINOR,
        f"{ASPI}, response codes",
        "responseMessage is Successful, because some clients compare it.",
        member_is("responseMessage", lambda value: str(value).casefold() == "successful", "Successful"),
    ),
    _scenario(
        "code_is_text",
        Severity.MAJOR,
        f"{ASPI}, response body; {NIVA}, response",
        "responseCode is a JSON string, because typed clients fail on a number.",
        member_is("responseCode", lambda value: isinstance(value, str), "a string"),
    ),
    _scenario(
        "token_length",
        Severity.MAJOR,
        f"{NIVA}, accessToken: String 150",
        "accessToken has at most 150 characters, because NICEPAY's field holds no more.",
        _token_length,
    ),
    _scenario(
        "token_alphabet",
        Severity.MAJOR,
        "RFC 6750, 2.1",
        "accessToken has only characters of a bearer token, because clients send it in an Authorization header.",
        _token_alphabet,
    ),
    _scenario(
        "token_type",
        Severity.MAJOR,
        f"{ASPI}, response body; {NIVA}, response",
        "tokenType is Bearer, because it tells the client how to send the token.",
        member_is("tokenType", lambda value: str(value).lower() == "bearer", "Bearer"),
    ),
    _scenario(
        "expires_in_is_text",
        Severity.MAJOR,
        f"{ASPI}, response body: String; golang-nicepay (official NICEPAY client)",
        "expiresIn is a JSON string, because an official NICEPAY client fails on a number.",
        member_is("expiresIn", lambda value: isinstance(value, str), "a string"),
    ),
    _scenario(
        "expires_in_value",
        Severity.MINOR,
        f"{NICO}; {ASPI}: 15 minutes",
        "expiresIn is 1 to 900 seconds, because a token is valid for 15 minutes and clients must not rely on more.",
        _lifetime,
    ),
    _scenario(
        "additional_info",
        Severity.MAJOR,
        f"{ASPI}, response body: Object",
        "additionalInfo is an object or absent, because an official NICEPAY client fails on a string.",
        member_is("additionalInfo", lambda value: value is None or isinstance(value, dict), "an object or no member"),
    ),
    _scenario(
        "media_type",
        Severity.MINOR,
        f"{ASPI}, response headers; RFC 8259, 11",
        "The Content-Type of the answer is application/json, because clients choose their parser by it.",
        header_is(
            "Content-Type", lambda value: value.partition(";")[0].lower() == "application/json", "application/json"
        ),
    ),
    _scenario(
        "timestamp_header",
        Severity.MINOR,
        ASPI_STANDARD,
        "The answer carries X-TIMESTAMP with its offset from UTC, because ASPI makes it mandatory.",
        header_is("X-TIMESTAMP", lambda value: _TIMESTAMP.fullmatch(value) is not None, "a date, a time and an offset"),
    ),
    _scenario(
        "timestamp_is_now",
        Severity.MINOR,
        ASPI_STANDARD,
        "X-TIMESTAMP of the answer is the current time, so that a client can see that its own clock is wrong.",
        _current_time,
    ),
    _scenario(
        "client_key_header",
        Severity.MINOR,
        ASPI_STANDARD,
        "The answer carries the X-CLIENT-KEY of the request, because ASPI makes it mandatory.",
        client_key_echoed,
    ),
    _scenario(
        "not_stored",
        Severity.MINOR,
        "RFC 6749, 5.1; RFC 9111, 5.2.2.5",
        "The answer forbids caches to store it, because everybody who reads the cache would have the token.",
        header_is("Cache-Control", lambda value: "no-store" in value.lower(), "no-store"),
    ),
    _scenario(
        "repeated",
        Severity.MINOR,  # ASPI has the code Conflict for a repeat.
        f"{DOCUMENT}, A repeated request",
        "The same request sent twice gets two tokens, because two honest requests in one second have the same bytes.",
        token_issued,
        once=False,
    ),
)
