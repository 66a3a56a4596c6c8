"""What an attacker, or a broken client, sends to make a server fail. None of it is more than a megabyte and a bit."""

from collections.abc import Callable, Sequence

from handlers.judge.exchange import CLIENT_KEY, CONTENT_TYPE, Request
from handlers.judge.expectations import served, turned_away, turned_away_or_cut_off, unfailed
from handlers.judge.player import Player
from handlers.judge.scenario import DOCUMENT, NICO, Expectation, Scenario, Severity, each

DEPTH = 8_000
"""Arrays: eight times what most parsers stand, in 16 kB."""

DIGITS = 4_301
"""One more than CPython converts."""

HUGE = 1_100_000
"""Bytes: above the common limit of a proxy. A token request has about 60."""

LONG = 4_000
"""Characters of a client key, of which ASPI allows 36."""

_JSON = f"{DOCUMENT}, BadRequest; RFC 8259"


def _bodies(*bodies: bytes) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.genuine().with_body(body) for body in bodies]


def _info(value: bytes) -> Callable[[Player], Sequence[Request]]:
    return _bodies(b'{"grantType":"client_credentials","additionalInfo":' + value + b"}")


def _client_key(value: str) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.genuine().with_header(CLIENT_KEY, value)]


def _charset(player: Player) -> Sequence[Request]:
    return [player.genuine().with_header(CONTENT_TYPE, "application/json;charset=bogus")]


def _again(player: Player) -> Sequence[Request]:
    return [player.genuine()]


def _hostile(  # noqa: PLR0913  a row of the table
    name: str,
    severity: Severity,
    says: str,
    asks: Callable[[Player], Sequence[Request]],
    expected: Expectation,
    *,
    source: str = _JSON,
) -> Scenario:
    return Scenario(f"hostile.{name}", severity, says, source, asks, each(expected))


SCENARIOS = (
    _hostile(
        "invalid_utf8",
        Severity.MAJOR,
        "A body that is not UTF-8 is refused with 4xx, and is not a failure of the server.",
        _bodies(b'{"grantType":"client_credentials","additionalInfo":"\xff\xfe"}', b"\xff"),
        turned_away,
        source=f"{_JSON}, 8.1",
    ),
    _hostile(
        "deep_nesting",
        Severity.MAJOR,
        f"{DEPTH:,} nested arrays make no server fail, as one request must not end a process.",
        _info(b"[" * DEPTH + b"]" * DEPTH),
        unfailed,
        source=f"{_JSON}, 9; CWE-674",
    ),
    _hostile(
        "big_integer",
        Severity.MAJOR,
        f"An integer of {DIGITS:,} digits makes no server fail, whatever its language can convert.",
        _info(b"9" * DIGITS),
        unfailed,
        source=f"{_JSON}, 6; CVE-2020-10735",
    ),
    _hostile(
        "duplicate_members",
        Severity.MINOR,
        "A body that names grantType twice is refused, as two parsers would see two different grants.",
        _bodies(
            b'{"grantType":"password","grantType":"client_credentials"}',
            b'{"grantType":"client_credentials","grantType":"password"}',
        ),
        turned_away,
        source=f"{_JSON}, 4",
    ),
    _hostile(
        "not_a_number",
        Severity.MINOR,
        "NaN and Infinity are refused, as they are no JSON and other parsers stop at them.",
        _bodies(
            *(b'{"grantType":"client_credentials","additionalInfo":' + each + b"}" for each in (b"NaN", b"Infinity"))
        ),
        turned_away,
        source=f"{_JSON}, 6",
    ),
    _hostile(
        "zero_byte",
        Severity.MINOR,
        "A grantType that ends in a zero byte is refused, as it is another text, whatever a C library sees of it.",
        _bodies(rb'{"grantType":"client_credentials\u0000"}'),
        turned_away,
        source=f"{_JSON}, 7; CWE-158",
    ),
    _hostile(
        "lone_surrogate",
        Severity.MINOR,
        "Half of a surrogate pair makes no server fail, though it cannot be written as UTF-8.",
        _info(rb'"\ud800"'),
        unfailed,
        source=f"{_JSON}, 8.2",
    ),
    _hostile(
        "unknown_charset",
        Severity.MAJOR,
        "A charset that nobody knows makes no server fail, though it may refuse it.",
        _charset,
        unfailed,
        source=f"{DOCUMENT}, UnsupportedMediaType; RFC 9110, 15.5.16",
    ),
    _hostile(
        "client_key_not_ascii",
        Severity.MAJOR,
        "A client key with bytes above 127 is refused with 4xx, and is not a failure of the server.",
        _client_key("\xff\xe9"),
        turned_away,
        source=f"{DOCUMENT}, ClientKey; RFC 9110, 5.5",
    ),
    _hostile(
        "client_key_long",
        Severity.MINOR,
        f"A client key of {LONG:,} characters is refused with 4xx, as the field has 36.",
        _client_key("A" * LONG),
        turned_away,
        source=f"{NICO}; ASPI, X-CLIENT-KEY: 36",
    ),
    _hostile(
        "huge_body",
        Severity.MINOR,
        f"A body of {HUGE:,} bytes is refused or cut off, as strangers must not choose how much memory is used.",
        _info(b'"' + b"A" * HUGE + b'"'),
        turned_away_or_cut_off,
        source=f"{DOCUMENT}, ContentTooLarge; RFC 9110, 15.5.14",
    ),
    _hostile(
        "survived",
        Severity.CRITICAL,
        "A genuine request is still served after all this, as one bad sender must not take the service from all.",
        _again,
        served,
        source=f"{DOCUMENT}, The flow; CWE-400",
    ),
)
