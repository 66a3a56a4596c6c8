"""Requests of an attacker or a broken client that make a weak server fail. None is larger than 1.2 megabytes."""

from collections.abc import Sequence

from handlers.judge.exchange import CLIENT_KEY, CONTENT_TYPE, Request
from handlers.judge.expectations import no_server_error, refused_4xx, refused_or_closed, token_issued
from handlers.judge.scenario import DOCUMENT, NICO, Expectation, Requests, Scenario, Severity, each
from handlers.judge.signer import Signer

DEPTH = 8_000
"""Nested arrays. Most parsers accept an eighth of it. The body has 16 kB."""

DIGITS = 4_301
"""Digits of an integer: one more than CPython converts."""

HUGE = 1_100_000
"""Bytes of a body: more than the common limit of a proxy. A token request has about 60."""

LONG = 4_000
"""Characters of a client key. ASPI allows 36."""

_JSON = f"{DOCUMENT}, BadRequest; RFC 8259"


def _bodies(*bodies: bytes) -> Requests:
    return lambda signer: [signer.valid_request().with_body(body) for body in bodies]


def _info(value: bytes) -> Requests:
    return _bodies(b'{"grantType":"client_credentials","additionalInfo":' + value + b"}")


def _client_key(value: str) -> Requests:
    return lambda signer: [signer.valid_request().with_header(CLIENT_KEY, value)]


def _charset(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().with_header(CONTENT_TYPE, "application/json;charset=bogus")]


def _valid_request(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request()]


def _hostile(  # noqa: PLR0913  a row of the table
    name: str,
    severity: Severity,
    rule: str,
    requests: Requests,
    expected: Expectation,
    *,
    source: str = _JSON,
) -> Scenario:
    return Scenario(f"hostile.{name}", severity, rule, source, requests, each(expected))


SCENARIOS = (
    _hostile(
        "invalid_utf8",
        Severity.MAJOR,
        "A body that is not UTF-8 is refused with 4xx, and does not make the server fail.",
        _bodies(b'{"grantType":"client_credentials","additionalInfo":"\xff\xfe"}', b"\xff"),
        refused_4xx,
        source=f"{_JSON}, 8.1",
    ),
    _hostile(
        "deep_nesting",
        Severity.MAJOR,
        f"{DEPTH:,} nested arrays do not make the server fail, because one request must not end a process.",
        _info(b"[" * DEPTH + b"]" * DEPTH),
        no_server_error,
        source=f"{_JSON}, 9; CWE-674",
    ),
    _hostile(
        "big_integer",
        Severity.MAJOR,
        f"An integer of {DIGITS:,} digits does not make the server fail, even if its language cannot convert it.",
        _info(b"9" * DIGITS),
        no_server_error,
        source=f"{_JSON}, 6; CVE-2020-10735",
    ),
    _hostile(
        "duplicate_members",
        Severity.MINOR,
        "A body that names grantType twice is refused, because two parsers would see two different grants.",
        _bodies(
            b'{"grantType":"password","grantType":"client_credentials"}',
            b'{"grantType":"client_credentials","grantType":"password"}',
        ),
        refused_4xx,
        source=f"{_JSON}, 4",
    ),
    _hostile(
        "not_a_number",
        Severity.MINOR,
        "NaN and Infinity are refused, because they are not JSON and other parsers fail on them.",
        _bodies(
            *(b'{"grantType":"client_credentials","additionalInfo":' + each + b"}" for each in (b"NaN", b"Infinity"))
        ),
        refused_4xx,
        source=f"{_JSON}, 6",
    ),
    _hostile(
        "zero_byte",
        Severity.MINOR,
        "A grantType that ends in a zero byte is refused, because it is not the same text.",
        _bodies(rb'{"grantType":"client_credentials\u0000"}'),
        refused_4xx,
        source=f"{_JSON}, 7; CWE-158",
    ),
    _hostile(
        "lone_surrogate",
        Severity.MINOR,
        "A lone surrogate does not make the server fail, although it has no UTF-8 encoding.",
        _info(rb'"\ud800"'),
        no_server_error,
        source=f"{_JSON}, 8.2",
    ),
    _hostile(
        "unknown_charset",
        Severity.MAJOR,
        "An unknown charset does not make the server fail, but the server may refuse it.",
        _charset,
        no_server_error,
        source=f"{DOCUMENT}, UnsupportedMediaType; RFC 9110, 15.5.16",
    ),
    _hostile(
        "client_key_not_ascii",
        Severity.MAJOR,
        "A client key with bytes above 127 is refused with 4xx, and does not make the server fail.",
        _client_key("\xff\xe9"),
        refused_4xx,
        source=f"{DOCUMENT}, ClientKey; RFC 9110, 5.5",
    ),
    _hostile(
        "client_key_long",
        Severity.MINOR,
        f"A client key of {LONG:,} characters is refused with 4xx, because the field has 36.",
        _client_key("A" * LONG),
        refused_4xx,
        source=f"{NICO}; ASPI, X-CLIENT-KEY: 36",
    ),
    _hostile(
        "huge_body",
        Severity.MINOR,
        f"A body of {HUGE:,} bytes is refused or cut off, because strangers must not decide how much memory is used.",
        _info(b'"' + b"A" * HUGE + b'"'),
        refused_or_closed,
        source=f"{DOCUMENT}, ContentTooLarge; RFC 9110, 15.5.14",
    ),
    _hostile(
        "survived",
        Severity.CRITICAL,
        "After all other scenarios a genuine request gets a token, because one attacker must not stop the service.",
        _valid_request,
        token_issued,
        source=f"{DOCUMENT}, The flow; CWE-400",
    ),
)
