"""Other methods and other paths."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import header, outcome, refused
from handlers.judge.player import Player
from handlers.judge.scenario import ASPI, DOCUMENT, Expectation, Scenario, Severity, each

_METHODS = f"{ASPI}, response codes; RFC 9110, 15.5.6"
_REDIRECTS = range(300, 400)


def _method(*methods: str) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [replace(player.genuine(), method=method) for method in methods]


def _get(player: Player) -> Sequence[Request]:
    return [replace(player.genuine(), method="GET", body=b"")]


def _beyond(suffix: str) -> Callable[[Player], Sequence[Request]]:
    return lambda player: [replace(player.genuine(), suffix=suffix)]


def _unknown(answer: Answer) -> str:
    """ASPI has no row for it, so the code is left open."""
    return "" if answer.status == 404 else f"HTTP 404 expected, {outcome(answer)}"  # noqa: PLR2004  Not Found


def _not_redirected(answer: Answer) -> str:
    redirected = answer.failure or answer.status in _REDIRECTS
    return f"an answer of its own expected, {outcome(answer)}" if redirected else ""


def _allows(answer: Answer) -> str:
    """Asked of 405 only: another status is another scenario's."""
    if answer.status != 405:  # noqa: PLR2004  Method Not Allowed
        return ""
    return header("Allow", lambda value: "POST" in value.upper().replace(" ", "").split(","), "POST")(answer)


def _http(
    name: str, says: str, source: str, asks: Callable[[Player], Sequence[Request]], expected: Expectation
) -> Scenario:
    return Scenario(f"http.{name}", Severity.MINOR, says, source, asks, each(expected))


SCENARIOS = (
    _http(
        "get",
        "GET is refused with 4057300, as a token in the answer to a GET would land in caches and histories.",
        _METHODS,
        _get,
        refused("4057300"),
    ),
    _http(
        "allow",
        "A 405 names POST in Allow, as HTTP demands.",
        "RFC 9110, 15.5.6",
        _get,
        _allows,
    ),
    _http(
        "other_methods",
        "PUT and DELETE are refused with 4057300, as POST is the only method of the service.",
        _METHODS,
        _method("PUT", "DELETE"),
        refused("4057300"),
    ),
    _http(
        "another_path",
        "A path that only begins like the service's is answered with 404, as it is another resource.",
        f"{DOCUMENT}, NotFound; RFC 9110, 15.5.5",
        _beyond("-of-another-service"),
        _unknown,
    ),
    _http(
        "trailing_slash",
        "A slash at the end is answered without a redirect, as clients would send the signed request on.",
        f"{DOCUMENT}, NotFound; RFC 9110, 15.4",
        _beyond("/"),
        _not_redirected,
    ),
)
