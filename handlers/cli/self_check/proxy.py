"""The proxy in front of the server: whether it answers as the files in docs/deploy do, and hides what it must hide."""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus

import httpx
import yaml

from handlers.cli.self_check.finding import CheckName, Finding, error, findings_or, good, skipped, warning
from handlers.cli.self_check.snap_answer import deviations
from handlers.cli.startup.running_server import UNKNOWN_PATH
from handlers.config.settings import Settings
from handlers.judge.exchange import Answer, Request
from handlers.judge.sender import Sender, UnreachableError
from handlers.judge.throttle import Throttle
from handlers.server.openapi.documents import INTERNAL_DOCUMENT, TOKEN_PATH
from handlers.server.openapi.yaml_loader import SafeLoader
from handlers.server.process.assembly import system_clock
from handlers.snap.codes import UNAUTHORIZED

PER_SECOND = 10
"""Requests per second, so that no rate limit refuses them."""

_JSON = (("Content-Type", "application/json"),)
_COMPARE = "compare the file of the proxy with the one in docs/deploy"
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})
_HIDDEN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_WRONG_SECRET = UNAUTHORIZED.response_code("00")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy at this URL."""

    client: httpx.Client
    url: httpx.URL
    throttle: Throttle

    def answer(self, path: str, method: str = "GET", body: bytes = b"") -> Answer:
        """The answer to a request without a signature. See `Answer.failure`, if there is none."""
        request = Request(_JSON if body else (), body, method)
        sender = Sender(self.client, self.url.copy_with(path=path), system_clock, self.throttle)
        try:
            return sender.send(request)
        except UnreachableError as cause:
            return Answer(request, system_clock(), failure=str(cause))


def check_proxy(client: httpx.Client, url: httpx.URL, settings: Settings) -> list[Finding]:
    """Send requests without a signature to the proxy. None of them may reach the merchant's service."""
    proxy = Proxy(client, url, Throttle(PER_SECOND))
    unknown = proxy.answer(UNKNOWN_PATH)
    if unknown.failure:
        advice = "start the proxy, or correct its certificate or --proxy-url"
        return [error("proxy.reachable", f"no answer from {url.host}: {unknown.failure}", advice)]
    token = proxy.answer(settings.server.base_path + TOKEN_PATH, "POST", b"{}")
    if token.status == HTTPStatus.FORBIDDEN:
        advice = "run this on a machine whose address the proxy allows"
        return [skipped("proxy.reachable", "the proxy refuses the address of this machine (403)", advice)]
    return [
        good("proxy.reachable", f"{url.host} answers"),
        _of_unknown_path(unknown),
        _of_token_endpoint(token),
        *_of_internal_operations(proxy, unknown),
        *_of_services(proxy, settings),
    ]


def _of_unknown_path(answer: Answer) -> Finding:
    if answer.status != HTTPStatus.NOT_FOUND:
        found = f"an unknown path gets {answer.status}, not 404"
        return error("proxy.unknown_path", found, _COMPARE)
    return _complete("proxy.unknown_path", answer, "an unknown path")


def _of_token_endpoint(answer: Answer) -> Finding:
    if answer.status not in _REFUSALS:
        found = f"a token request without a signature gets {_text(answer)}, not 400"
        return error("proxy.token_endpoint", found, f"start the server; if it runs, {_COMPARE}")
    return _complete("proxy.token_endpoint", answer, "a token request without a signature")


def _complete(check: CheckName, answer: Answer, name: str) -> Finding:
    """Whether the refusal has all that a SNAP refusal has."""
    if missing := _missing(answer):
        return error(check, f"the refusal of {name} is not SNAP's: {missing}", _COMPARE)
    return good(check, f"{name} gets {answer.code}")


def _of_internal_operations(proxy: Proxy, unknown: Answer) -> list[Finding]:
    """An operation is hidden if it is refused as forbidden or unknown, or answered just like an unknown path."""
    reached = []
    for path, method in _internal_operations():
        answer = proxy.answer(path, method)
        is_unknown = (answer.status, answer.body) == (unknown.status, unknown.body)
        if not (answer.status in _HIDDEN or is_unknown):
            reached.append(f"{path} ({_text(answer)})")
    found = f"everybody can reach internal operations: {', '.join(reached)}"
    findings = [error("proxy.internal", found, f"pass no such path on; {_COMPARE}")] if reached else []
    return findings_or(findings, good("proxy.internal", "no internal operation can be reached"))


@cache
def _internal_operations() -> tuple[tuple[str, str], ...]:
    """Path and method of each operation in the internal document."""
    paths = yaml.load(INTERNAL_DOCUMENT.read_text(encoding="utf-8"), SafeLoader)["paths"]  # noqa: S506  it is safe
    return tuple((path, method.upper()) for path, item in paths.items() for method in item if method in {"get", "post"})


def _of_services(proxy: Proxy, settings: Settings) -> list[Finding]:
    if not (settings.services and settings.internal):
        return [skipped("proxy.calls", "the settings have no [[services]] or no [internal]")]
    paths: defaultdict[Finding | None, list[str]] = defaultdict(list)
    for service in settings.services:
        answer = proxy.answer(service.path, service.methods[0], b"{}")
        paths[_of_call(answer)].append(service.path)
    findings = [replace(each, found=f"{each.found}: {', '.join(paths[each])}") for each in paths if each]
    text = f"calls without a signature are refused at {len(settings.services)} paths"
    return findings_or(findings, good("proxy.calls", text))


def _of_call(answer: Answer) -> Finding | None:
    """What is wrong with the answer to a call. None if it is a refusal of `/authorize`."""
    found = f"a call without a signature gets {_text(answer)}"
    if answer.code == _WRONG_SECRET:
        cause = "so callers see that the secret of the proxy is wrong"
        return error("proxy.calls", f"{found}, {cause}", f"correct X-Internal-Authorization, and {_COMPARE}")
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        advice = (
            "compare X-Internal-Authorization with internal.secret_file, and internal.accel_redirect with the proxy"
        )
        return error("proxy.calls", found, advice)
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}:
        return error("proxy.calls", found, f"let the proxy ask /authorize of a running server; {_COMPARE}")
    if answer.status not in _REFUSALS:
        return error("proxy.calls", f"{found}, so your service may receive forged calls", f"at once, {_COMPARE}")
    if missing := _missing(answer):
        return warning("proxy.calls", f"{found}, and {missing}", _COMPARE)
    return None


def _missing(answer: Answer) -> str:
    """What the refusal lacks. Empty if it is complete."""
    return " and ".join(deviations(answer.status, answer.code, dict(answer.headers)))


def _text(answer: Answer) -> str:
    return answer.failure or f"{answer.status} {answer.code}".rstrip()
