"""`snap-token check`: judge any SNAP token server, or a protected endpoint."""

import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter

from handlers import __version__
from handlers.cli.check_output import print_report, require_writable, with_progress, write_reports
from handlers.cli.errors import UsageError
from handlers.cli.simulator.acquirer import Acquirer
from handlers.cli.simulator.http_exchange import tls_context
from handlers.cli.simulator.judged_call import JudgedCall, issued_token
from handlers.cli.simulator.options import SecretFile
from handlers.cli.simulator.signing_key import read_signing_key
from handlers.config.text_fields import VISIBLE_36, text_mistake
from handlers.judge import scenario_runner
from handlers.judge.reports.report import Report
from handlers.judge.scenario import Scenario
from handlers.judge.scenario_runner import ScenarioResult, run, server_fails
from handlers.judge.scenarios import CATALOGUE, calls
from handlers.judge.scenarios.calls import GENUINE, call_scenarios
from handlers.judge.sender import Sender, UnreachableError, open_client
from handlers.judge.signer import Signer
from handlers.judge.throttle import Throttle
from handlers.server.process import assembly
from handlers.snap.client import CLIENT_KEY

FASTEST = 20.0
"""Requests per second. The command must not load the server."""

_NOT_PLAYED = (
    "The other scenarios were skipped, because the genuine request got no token."
    " Check the URL of the token endpoint, the client key and the private key."
)
_CALLS_NOT_PLAYED = (
    "The other scenarios were skipped, because the genuine call was not served. Check the URL of --call, the form, the"
    " keys, and that your service answers 2xx to this method and body."
)
_TOKEN_ENDPOINT = "the URL of the token endpoint"  # noqa: S105  no password


def check(  # noqa: PLR0913  a command's options
    url: str | None = None,
    *,
    client_key: str,
    private_key: Path,
    passphrase_file: SecretFile = None,
    per_second: float = 3.0,
    strict: bool = False,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    junit: Path | None = None,
    html: Path | None = None,
    ca_file: Path | None = None,
    call: str | None = None,
    how: JudgedCall | None = None,
) -> int:
    """Judge any SNAP token server: send it a hundred scenarios of the contract, and report each deviation.

    The server must know the client key and the public key that belongs to the private key. The command takes about 40
    seconds. Exit status 1 if there is a critical or major finding.

    With --call, judge a protected endpoint of your own instead, through its proxy. Two genuine calls reach the service
    behind it. All other calls must be refused before they reach it: replayed, forged, stale, for another path, with
    another body. An endpoint that has such a fault passes them on.

    Example: snap-token check https://merchant.example/api/v1.0/access-token/b2b --client-key YOUR-CLIENT-ID
    --private-key private.pem

    Example of calls with a token: snap-token check https://merchant.example/api/v1.0/access-token/b2b --call
    https://merchant.example/api/v1.0/transfer-va/inquiry --symmetric --client-secret-file client.secret --client-key
    YOUR-CLIENT-ID --private-key private.pem --body inquiry.json --service-code 24

    Example with the settings of the server: snap-token check https://merchant.example/openapi/v1.0/access-token/b2b
    --call https://merchant.example/openapi/v1.0/transfer-va/inquiry --config snap-token.toml --client-key
    YOUR-CLIENT-ID --private-key private.pem --body inquiry.json

    Example of notifications: snap-token check --call https://merchant.example/api/v1.0/transfer-va/payment --form
    notification --client-key YOUR-CLIENT-ID --private-key notification-private.pem --body paid.json

    Args:
        url: The whole URL of the token endpoint. Some requests go to two other paths that begin with this URL. With
            --call, the command requests one token there. Forms without a token do not use it.
        client_key: A client ID that the server knows. It is sent as X-CLIENT-KEY.
        private_key: The file of the private key of this client: PEM, DER, base64, JWK or OpenSSH. For notifications,
            the notification key. The key is not sent.
        passphrase_file: The file of the passphrase, if the private key is encrypted. Use - for standard input. Default:
            the command asks for the passphrase on the terminal.
        per_second: The highest number of requests per second, more than 0 and at most 20.
        strict: Also exit with status 1 for minor findings.
        json_: Print the verdicts as JSON in place of a table.
        junit: Also write the verdicts to this file, as JUnit XML.
        html: Also write the verdicts to this file, as an HTML page.
        ca_file: A PEM file with the certificate authorities to trust for https://. Default: those of the system.
        call: The whole URL of a protected endpoint. Judge this endpoint in place of the token endpoint.
        how: The calls.
    """
    options = how or JudgedCall()
    judged, token_url, acquirer = _targets(url, call, options, client_key)
    signer = _signer(client_key, private_key, passphrase_file)
    throttle = _throttle(per_second)
    trusted = tls_context(ca_file)
    require_writable(junit, html)
    now = assembly.system_clock()
    with _client(trusted) as client:
        judge = _Judge(client, signer, throttle)
        results = judge.calls(judged, token_url, options, acquirer) if call else judge.token_server(judged)
    report = Report(_without_query(judged), client_key, now, results)
    print_report(report, _CALLS_NOT_PLAYED if call else _NOT_PLAYED, as_json=json_)
    write_reports(report, junit, html)
    return int(server_fails(report.results, strict=strict))


def _targets(
    url: str | None, call: str | None, options: JudgedCall, client_key: str
) -> tuple[httpx.URL, httpx.URL | None, Acquirer]:
    """The URL that is judged, the URL that issues the token of the calls if they have one, and the calling client."""
    if call is None:
        options.require_call()
        return _target(url or _missing_token_url(), "a token endpoint"), None, Acquirer(client_key)
    target = _target(call, "a protected endpoint")
    acquirer = options.acquirer(client_key, target)
    options.require_usable(acquirer)
    if options.needs_token(acquirer):
        return target, _target(url or _missing_token_url(), "a token endpoint"), acquirer
    if url:
        form = options.signed_form(acquirer)
        message = f"a call of the form {form} has no token; leave the URL of the token endpoint out"
        raise UsageError(message)
    return target, None, acquirer


def _missing_token_url() -> str:
    message = "the URL of the token endpoint is missing; name it as the first argument"
    raise UsageError(message)


def _target(url: str, kind: str) -> httpx.URL:
    """The parsed URL. No error message repeats the URL, because it may hold a password."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        message = f"the URL is not valid: {error}"
        raise UsageError(message) from error
    if target.scheme not in {"http", "https"} or not target.host:
        message = f"the URL is not that of {kind}; it must begin with https:// or http://"
        raise UsageError(message)
    if target.userinfo:
        message = "the URL has a user name or a password; leave it out, because SNAP has neither"
        raise UsageError(message)
    return target.copy_with(fragment=None)


def _without_query(target: httpx.URL) -> str:
    """The URL for reports. Its query may hold a secret."""
    return str(target.copy_with(query=None))


def _signer(client_key: str, private_key: Path, passphrase_file: Path | None) -> Signer:
    if not CLIENT_KEY.fullmatch(client_key):
        message = f"--client-key: {text_mistake(client_key, VISIBLE_36)}"
        raise UsageError(message)
    return Signer.create(client_key, read_signing_key(private_key, passphrase_file), assembly.system_clock)


def _throttle(per_second: float) -> Throttle:
    if not 0 < per_second <= FASTEST:
        message = f"--per-second must be more than 0 and at most {FASTEST:g}"
        raise UsageError(message)
    return Throttle(per_second)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges with one HTTP client, one signer and one throttle."""

    client: httpx.Client
    signer: Signer
    throttle: Throttle

    def token_server(self, target: httpx.URL) -> list[ScenarioResult]:
        """Play the catalogue."""
        if not _is_loopback(target.host):
            message = f"snap-token: {len(CATALOGUE)} scenarios, some of them hostile, are sent to {target.host}\n"
            sys.stderr.write(message)
        with _reachable(target, _TOKEN_ENDPOINT):
            return self._results(CATALOGUE, target, scenario_runner.SKIPPED)

    def calls(
        self, target: httpx.URL, token_url: httpx.URL | None, options: JudgedCall, acquirer: Acquirer
    ) -> list[ScenarioResult]:
        """Request a token if the form has one, and play the scenarios of calls."""
        caller = options.caller(self.signer, target, acquirer)
        if token_url:
            caller = replace(caller, token=self._token(token_url, len(call_scenarios(caller))))
        scenarios = call_scenarios(caller, options.service_code or acquirer.service.code)
        sys.stderr.write(
            f"snap-token: {len(scenarios)} scenarios are sent to {target.host}; {GENUINE} genuine calls reach the"
            " service behind it; it must refuse all others, and one that it does not refuse reaches the service too\n"
        )
        with _reachable(target, "--call"):
            return self._results(scenarios, target, calls.SKIPPED)

    def _token(self, token_url: httpx.URL, calls: int) -> str:
        """A token that is valid for this many calls."""
        with _reachable(token_url, _TOKEN_ENDPOINT):
            return issued_token(self.signer, self._sender(token_url).send, calls / self.throttle.per_second)

    def _results(self, scenarios: Sequence[Scenario], target: httpx.URL, skipped: str) -> list[ScenarioResult]:
        played = run(scenarios, self.signer, self._sender(target).send, skipped)
        return list(with_progress(played, len(scenarios)))

    def _sender(self, target: httpx.URL) -> Sender:
        return Sender(self.client, target, assembly.system_clock, self.throttle)


@contextmanager
def _reachable(target: httpx.URL, option: str) -> Iterator[None]:
    """Turn UnreachableError into a UsageError. `option` is what the user must check."""
    try:
        yield
    except UnreachableError as error:
        message = f"no answer from {_without_query(target)}: {error}; check {option}"
        raise UsageError(message) from error


def _client(trusted: ssl.SSLContext | None) -> httpx.Client:
    try:
        return open_client(f"snap-token-check/{__version__}", trusted)
    except (ValueError, ImportError, OSError) as error:
        message = f"requests cannot be sent from this machine: {error}"
        raise UsageError(message) from error
