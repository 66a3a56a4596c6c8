"""Requests with a wrong format. Each is refused with the code for it."""

from collections.abc import Sequence

from handlers.judge.exchange import CLIENT_KEY, CONTENT_TYPE, SIGNATURE, TIMESTAMP, Request
from handlers.judge.expectations import refused_4xx, refused_with
from handlers.judge.scenario import ASPI, DOCUMENT, Expectation, Requests, Scenario, Severity, each
from handlers.judge.signer import Signer

UNREADABLE = "4007300"
MALFORMED = ("4007301", "4007302")
"""ASPI uses 4007302 also for a wrong format of a mandatory field."""
MISSING = "4007302"
UNAUTHORIZED = "4017300"

_CODES = f"{ASPI}, response codes"


def _without(name: str) -> Requests:
    return lambda signer: [signer.valid_request().without_header(name)]


def _empty(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().with_header(name, "") for name in (TIMESTAMP, CLIENT_KEY, SIGNATURE)]


def _with_duplicate(name: str, value: str) -> Requests:
    """Send the genuine value and another one, in both orders."""
    return lambda signer: [
        signer.valid_request().with_duplicate_header(name, value, first=first) for first in (True, False)
    ]


def _bodies(*bodies: bytes) -> Requests:
    return lambda signer: [signer.valid_request().with_body(body) for body in bodies]


def _not_base64(signer: Signer) -> Sequence[Request]:
    """Send characters and a length that base64 does not have."""
    return [signer.valid_request().with_header(SIGNATURE, value) for value in ("not base64!", "AAAAA")]


def _plain_text(signer: Signer) -> Sequence[Request]:
    return [signer.valid_request().with_header(CONTENT_TYPE, "text/plain")]


def _syntax(  # noqa: PLR0913  a row of the table
    name: str,
    rule: str,
    requests: Requests,
    expected: Expectation,
    *,
    source: str = _CODES,
    severity: Severity = Severity.MAJOR,
) -> Scenario:
    return Scenario(f"syntax.{name}", severity, rule, source, requests, each(expected))


def _missing(header: str) -> Scenario:
    return _syntax(
        f"without_{header.lower().replace('-', '_')}",
        f"A request without {header} is refused with {MISSING}, so that the client knows what it forgot.",
        _without(header),
        refused_with(MISSING),
    )


def _doubled(header: str, value: str) -> Scenario:
    return _syntax(
        f"two_{header.lower().replace('-', '_')}",
        f"Two different {header} are refused, because a proxy may use one and the server the other.",
        _with_duplicate(header, value),
        refused_4xx,
        source=f"{DOCUMENT}, BadRequest; RFC 9110, 5.3",
    )


SCENARIOS = (
    _missing(TIMESTAMP),
    _missing(CLIENT_KEY),
    _missing(SIGNATURE),
    _syntax(
        "empty_headers",
        "An empty mandatory header is refused with 400, because it counts as missing.",
        _empty,
        refused_with(*MALFORMED),
    ),
    _doubled(TIMESTAMP, "2024-01-22T15:00:01+07:00"),
    _doubled(CLIENT_KEY, "SOMEBODY-ELSE"),
    _doubled(SIGNATURE, "AAAA"),
    _syntax(
        "signature_not_base64",
        "A signature that is not base64 is refused with 400 or 401, and does not make the server fail.",
        _not_base64,
        refused_with(*MALFORMED, UNAUTHORIZED),
        source=f"{_CODES}; RFC 4648, 3.3",
    ),
    _syntax(
        "body_empty",
        "An empty body is refused with 400, because grantType is mandatory.",
        _bodies(b""),
        refused_with(UNREADABLE, *MALFORMED),
    ),
    _syntax(
        "body_not_json",
        f"A body that is not JSON is refused with {UNREADABLE}, because this code means that parsing failed.",
        _bodies(b'{"grantType":"client_credentials"', b"grantType=client_credentials"),
        refused_with(UNREADABLE),
    ),
    _syntax(
        "body_not_object",
        "A body that is JSON, but not an object, is refused with 400 and does not make the server fail.",
        _bodies(b"[]", b'"client_credentials"', b"null"),
        refused_with(UNREADABLE, *MALFORMED),
        source=f"{ASPI}, request body; {DOCUMENT}, BadRequest",
    ),
    _syntax(
        "grant_type_missing",
        f"A body without grantType is refused with {MISSING}, because the member is mandatory.",
        _bodies(b'{"additionalInfo":{}}'),
        refused_with(MISSING),
    ),
    _syntax(
        "grant_type_empty",
        "A grantType that is null or empty is refused with 400, because it names no grant.",
        _bodies(b'{"grantType":null}', b'{"grantType":""}'),
        refused_with(*MALFORMED),
    ),
    _syntax(
        "grant_type_wrong",
        "Another grantType is refused with 400, because client_credentials is the only grant for a B2B token.",
        _bodies(b'{"grantType":"password"}', b'{"grantType":"CLIENT_CREDENTIALS"}'),
        refused_with(*MALFORMED),
        source=f"{ASPI}, request body: client_credentials",
    ),
    _syntax(
        "grant_type_not_text",
        "A grantType that is not a string is refused with 400, and does not make the server fail.",
        _bodies(b'{"grantType":1}', b'{"grantType":["client_credentials"]}'),
        refused_with(*MALFORMED),
        source=f"{ASPI}, request body: String",
    ),
    _syntax(
        "media_type",
        "text/plain is refused, because browsers send it to other origins without asking and JSON is mandatory.",
        _plain_text,
        refused_4xx,
        source=f"{ASPI}, request headers; RFC 9110, 15.5.16",
        severity=Severity.MINOR,
    ),
)
