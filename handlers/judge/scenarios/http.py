"""Other methods and other paths."""

from collections.abc import Sequence
from dataclasses import replace

from handlers.judge.exchange import Answer, Request
from handlers.judge.expectations import header_is, refused_with, summary
from handlers.judge.scenario import ASPI, DOCUMENT, Expectation, Requests, Scenario, Severity, each
from handlers.judge.signer import Signer

_METHODS = f"{ASPI}, response codes; RFC 9110, 15.5.6"
_REDIRECTS = range(300, 400)


def _method(*methods: str) -> Requests:
    return lambda signer: [replace(signer.valid_request(), method=method) for method in methods]


def _get(signer: Signer) -> Sequence[Request]:
    return [replace(signer.valid_request(), method="GET", body=b"")]


def _path_suffix(suffix: str) -> Requests:
    return lambda signer: [replace(signer.valid_request(), path_suffix=suffix)]


def _not_found(answer: Answer) -> str:
    """Expect HTTP 404 with any code, because ASPI has no code for it."""
    return "" if answer.status == 404 else f"expected HTTP 404, got {summary(answer)}"  # noqa: PLR2004  Not Found


def _not_redirected(answer: Answer) -> str:
    redirected = answer.failure or answer.status in _REDIRECTS
    return f"expected an answer without a redirect, got {summary(answer)}" if redirected else ""


def _allows(answer: Answer) -> str:
    """Expect POST in Allow of a 405. Another scenario checks the status."""
    if answer.status != 405:  # noqa: PLR2004  Method Not Allowed
        return ""
    return header_is("Allow", lambda value: "POST" in value.upper().replace(" ", "").split(","), "POST")(answer)


def _http(name: str, rule: str, source: str, requests: Requests, expected: Expectation) -> Scenario:
    return Scenario(f"http.{name}", Severity.MINOR, rule, source, requests, each(expected))


SCENARIOS = (
    _http(
        "get",
        "GET is refused with 4057300, because caches and browser histories would store the token of a GET.",
        _METHODS,
        _get,
        refused_with("4057300"),
    ),
    _http(
        "allow",
        "A 405 names POST in Allow, because HTTP requires it.",
        "RFC 9110, 15.5.6",
        _get,
        _allows,
    ),
    _http(
        "other_methods",
        "PUT and DELETE are refused with 4057300, because POST is the only method of the service.",
        _METHODS,
        _method("PUT", "DELETE"),
        refused_with("4057300"),
    ),
    _http(
        "another_path",
        "A path that only begins like the path of the service gets 404, because it is another resource.",
        f"{DOCUMENT}, NotFound; RFC 9110, 15.5.5",
        _path_suffix("-of-another-service"),
        _not_found,
    ),
    _http(
        "trailing_slash",
        "A path with a slash at the end gets no redirect, because clients would send the signed request elsewhere.",
        f"{DOCUMENT}, NotFound; RFC 9110, 15.4",
        _path_suffix("/"),
        _not_redirected,
    ),
)
