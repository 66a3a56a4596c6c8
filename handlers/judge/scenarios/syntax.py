"""Requests that are not of the contract's form, each refused with the code for it."""

from collections.abc import Callable, Sequence

from handlers.judge.exchange import CLIENT_KEY, CONTENT_TYPE, SIGNATURE, TIMESTAMP, Request
from handlers.judge.expectations import refused, turned_away
from handlers.judge.player import Player
from handlers.judge.scenario import ASPI, DOCUMENT, Expectation, Scenario, Severity, each

UNREADABLE = "4007300"
MALFORMED = ("4007301", "4007302")
"""ASPI has 4007302 for a bad format on a mandatory field too."""
MISSING = "4007302"
UNAUTHORIZED = "4017300"

_CODES = f"{ASPI}, response codes"


def _without(name: str) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.genuine().without(name)]


def _empty(player: Player) -> Sequence[Request]:
    return [player.genuine().with_header(name, "") for name in (TIMESTAMP, CLIENT_KEY, SIGNATURE)]


def _with_second(name: str, value: str) -> Callable[[Player], Sequence[Request]]:
    """The genuine value and another one, in both orders."""
    return lambda player: [player.genuine().with_second(name, value, first=first) for first in (True, False)]


def _bodies(*bodies: bytes) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [player.genuine().with_body(body) for body in bodies]


def _unquoted(player: Player) -> Sequence[Request]:
    """Characters, and a length, that base64 has not."""
    return [player.genuine().with_header(SIGNATURE, value) for value in ("not base64!", "AAAAA")]


def _plain_text(player: Player) -> Sequence[Request]:
    return [player.genuine().with_header(CONTENT_TYPE, "text/plain")]


def _syntax(  # noqa: PLR0913  a row of the table
    name: str,
    says: str,
    asks: Callable[[Player], Sequence[Request]],
    expected: Expectation,
    *,
    source: str = _CODES,
    severity: Severity = Severity.MAJOR,
) -> Scenario:
    return Scenario(f"syntax.{name}", severity, says, source, asks, each(expected))


def _missing(header: str) -> Scenario:
    return _syntax(
        f"without_{header.lower().replace('-', '_')}",
        f"A request without {header} is refused with {MISSING}, which tells the client what it forgot.",
        _without(header),
        refused(MISSING),
    )


def _doubled(header: str, value: str) -> Scenario:
    return _syntax(
        f"two_{header.lower().replace('-', '_')}",
        f"Two {header} that differ are refused, as a proxy may judge by one and the server by the other.",
        _with_second(header, value),
        turned_away,
        source=f"{DOCUMENT}, BadRequest; RFC 9110, 5.3",
    )


SCENARIOS = (
    _missing(TIMESTAMP),
    _missing(CLIENT_KEY),
    _missing(SIGNATURE),
    _syntax(
        "empty_headers",
        "An empty mandatory header is refused with 400, like a missing one, and is no value of its own.",
        _empty,
        refused(*MALFORMED),
    ),
    _doubled(TIMESTAMP, "2024-01-22T15:00:01+07:00"),
    _doubled(CLIENT_KEY, "SOMEBODY-ELSE"),
    _doubled(SIGNATURE, "AAAA"),
    _syntax(
        "signature_not_base64",
        "A signature that is no base64 is refused with 400 or 401, and is not a failure of the server.",
        _unquoted,
        refused(*MALFORMED, UNAUTHORIZED),
        source=f"{_CODES}; RFC 4648, 3.3",
    ),
    _syntax(
        "body_empty",
        "An empty body is refused with 400, as grantType is mandatory.",
        _bodies(b""),
        refused(UNREADABLE, *MALFORMED),
    ),
    _syntax(
        "body_not_json",
        f"A body that is no JSON is refused with {UNREADABLE}, the code for what cannot be parsed.",
        _bodies(b'{"grantType":"client_credentials"', b"grantType=client_credentials"),
        refused(UNREADABLE),
    ),
    _syntax(
        "body_not_object",
        "A body that is JSON but no object is refused with 400, and is not a failure of the server.",
        _bodies(b"[]", b'"client_credentials"', b"null"),
        refused(UNREADABLE, *MALFORMED),
        source=f"{ASPI}, request body; {DOCUMENT}, BadRequest",
    ),
    _syntax(
        "grant_type_missing",
        f"A body without grantType is refused with {MISSING}, as the member is mandatory.",
        _bodies(b'{"additionalInfo":{}}'),
        refused(MISSING),
    ),
    _syntax(
        "grant_type_empty",
        "A grantType of null or no characters is refused with 400, as it names no grant.",
        _bodies(b'{"grantType":null}', b'{"grantType":""}'),
        refused(*MALFORMED),
    ),
    _syntax(
        "grant_type_wrong",
        "Another grantType is refused with 400, as client_credentials is the only grant for a B2B token.",
        _bodies(b'{"grantType":"password"}', b'{"grantType":"CLIENT_CREDENTIALS"}'),
        refused(*MALFORMED),
        source=f"{ASPI}, request body: client_credentials",
    ),
    _syntax(
        "grant_type_not_text",
        "A grantType that is no string is refused with 400, and is not a failure of the server.",
        _bodies(b'{"grantType":1}', b'{"grantType":["client_credentials"]}'),
        refused(*MALFORMED),
        source=f"{ASPI}, request body: String",
    ),
    _syntax(
        "media_type",
        "text/plain is refused, as browsers send it across origins without asking, and JSON is mandatory.",
        _plain_text,
        turned_away,
        source=f"{ASPI}, request headers; RFC 9110, 15.5.16",
        severity=Severity.MINOR,
    ),
)
