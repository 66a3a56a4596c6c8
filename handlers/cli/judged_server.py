"""What `snap-token check` judges: a token server, or a protected endpoint."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import ClassVar

import httpx

from handlers.cli.check_output import with_progress
from handlers.cli.errors import UsageError
from handlers.cli.simulator.acquirer import Acquirer
from handlers.cli.simulator.judged_call import JudgedCall, issued_token
from handlers.judge import scenario_runner
from handlers.judge.scenario import Scenario
from handlers.judge.scenario_runner import ScenarioResult, run
from handlers.judge.scenarios import CATALOGUE, calls
from handlers.judge.scenarios.calls import GENUINE, call_scenarios
from handlers.judge.sender import Sender, UnreachableError
from handlers.judge.signer import Signer
from handlers.judge.throttle import Throttle
from handlers.server.process import assembly

_TOKEN_ENDPOINT = "the URL of the token endpoint"  # noqa: S105  no password


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges with one HTTP client, one signer and one throttle."""

    client: httpx.Client
    signer: Signer
    throttle: Throttle

    def results(self, scenarios: Sequence[Scenario], url: httpx.URL, skipped: str) -> list[ScenarioResult]:
        """Play the scenarios. `skipped` says why the others were skipped if the first one fails."""
        played = run(scenarios, self.signer, self._sender(url).send, skipped)
        return list(with_progress(played, len(scenarios)))

    def token(self, url: httpx.URL, number: int) -> str:
        """Request a token that is valid for this number of calls."""
        with _reachable(url, _TOKEN_ENDPOINT):
            return issued_token(self.signer, self._sender(url).send, number / self.throttle.per_second)

    def _sender(self, url: httpx.URL) -> Sender:
        return Sender(self.client, url, assembly.system_clock, self.throttle)


@dataclass(frozen=True, slots=True)
class TokenServer:
    """A token server, which is judged by the catalogue."""

    url: httpx.URL
    not_played: ClassVar = (
        "The other scenarios were skipped, because the genuine request got no token."
        " Check the URL of the token endpoint, the client key and the private key."
    )

    def results(self, judge: Judge) -> list[ScenarioResult]:
        """Play the catalogue.

        Raises:
            UsageError: the server does not answer.
        """
        if not _is_loopback(self.url.host):
            message = f"snap-token: {len(CATALOGUE)} scenarios, some of them hostile, are sent to {self.url.host}\n"
            sys.stderr.write(message)
        with _reachable(self.url, _TOKEN_ENDPOINT):
            return judge.results(CATALOGUE, self.url, scenario_runner.SKIPPED)


@dataclass(frozen=True, slots=True)
class ProtectedEndpoint:
    """An endpoint of --call, the client that calls it, and the URL that issues a token, if the form has one."""

    url: httpx.URL
    token_url: httpx.URL | None
    options: JudgedCall
    acquirer: Acquirer
    not_played: ClassVar = (
        "The other scenarios were skipped, because the genuine call was not served. Check the URL of --call, the form,"
        " the keys, and that your service answers 2xx to this method and body."
    )

    def results(self, judge: Judge) -> list[ScenarioResult]:
        """Request a token if the form has one, and play the scenarios of calls.

        Raises:
            UsageError: there is no token, the secret or the body cannot be read, or the endpoint does not answer.
        """
        caller = self.options.caller(judge.signer, self.url, self.acquirer)
        if self.token_url:
            caller = replace(caller, token=judge.token(self.token_url, len(call_scenarios(caller))))
        scenarios = call_scenarios(caller, self.options.service_code or self.acquirer.service.code)
        sys.stderr.write(
            f"snap-token: {len(scenarios)} scenarios are sent to {self.url.host}; {GENUINE} genuine calls reach the"
            " service behind it; the endpoint must refuse all other calls, because each one that it accepts reaches"
            " the service too\n"
        )
        with _reachable(self.url, "--call"):
            return judge.results(scenarios, self.url, calls.SKIPPED)


def without_query(target: httpx.URL) -> str:
    """The URL for reports. Its query may hold a secret."""
    return str(target.copy_with(query=None))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _reachable(target: httpx.URL, option: str) -> Iterator[None]:
    """Turn UnreachableError into a UsageError. `option` is what the user must check."""
    try:
        yield
    except UnreachableError as error:
        message = f"no answer from {without_query(target)}: {error}; check {option}"
        raise UsageError(message) from error
