"""`snap-token check`: judge any SNAP token server, or a protected endpoint."""

import ssl
from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter

from handlers import __version__
from handlers.cli.check_output import print_report, require_writable, write_reports
from handlers.cli.errors import UsageError
from handlers.cli.judged_server import Judge, ProtectedEndpoint, TokenServer, without_query
from handlers.cli.simulator.http_exchange import tls_context
from handlers.cli.simulator.judged_call import JudgedCall
from handlers.cli.simulator.options import SecretFile
from handlers.cli.simulator.signing_key import read_signing_key
from handlers.config.text_fields import VISIBLE_36, text_mistake
from handlers.judge.reports.report import Report
from handlers.judge.scenario_runner import server_fails
from handlers.judge.sender import open_client
from handlers.judge.signer import Signer
from handlers.judge.throttle import Throttle
from handlers.server.process import assembly
from handlers.snap.client import CLIENT_KEY

SLOWEST, FASTEST = 0.1, 20.0
"""Requests per second. The command must not load the server, and no signed request may wait until it is stale."""


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
    another body. An endpoint that has a fault passes them on.

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
        per_second: The highest number of requests per second, from 0.1 to 20.
        strict: Also exit with status 1 for minor findings.
        json_: Print the verdicts as JSON in place of a table.
        junit: Also write the verdicts to this file, as JUnit XML.
        html: Also write the verdicts to this file, as an HTML page.
        ca_file: A PEM file with the certificate authorities to trust for https://. Default: those of the system.
        call: The whole URL of a protected endpoint. Judge this endpoint in place of the token endpoint.
        how: The calls.
    """
    subject = _subject(url, call, how or JudgedCall(), client_key)
    signer = _signer(client_key, private_key, passphrase_file)
    throttle = _throttle(per_second)
    trusted = tls_context(ca_file)
    require_writable(junit, html)
    report = _judge(subject, signer, throttle, trusted)
    print_report(report, subject.not_played, as_json=json_)
    write_reports(report, junit, html)
    return int(server_fails(report.results, strict=strict))


def _judge(
    subject: TokenServer | ProtectedEndpoint, signer: Signer, throttle: Throttle, trusted: ssl.SSLContext | None
) -> Report:
    now = assembly.system_clock()
    with _client(trusted) as client:
        results = subject.results(Judge(client, signer, throttle))
    return Report(without_query(subject.url), signer.client_key, now, results)


def _subject(
    url: str | None, call: str | None, options: JudgedCall, client_key: str
) -> TokenServer | ProtectedEndpoint:
    """What is judged."""
    if call is None:
        options.require_call()
        return TokenServer(_token_endpoint(url))
    target = _target(call, "a protected endpoint")
    acquirer = options.acquirer(client_key, target)
    options.require_usable(acquirer)
    if options.needs_token(acquirer):
        return ProtectedEndpoint(target, _token_endpoint(url), options, acquirer)
    if url:
        form = options.signed_form(acquirer)
        message = f"a call of the form {form} has no token; leave the URL of the token endpoint out"
        raise UsageError(message)
    return ProtectedEndpoint(target, None, options, acquirer)


def _token_endpoint(url: str | None) -> httpx.URL:
    if url is None:
        message = "the URL of the token endpoint is missing; name it as the first argument"
        raise UsageError(message)
    return _target(url, "a token endpoint")


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


def _signer(client_key: str, private_key: Path, passphrase_file: Path | None) -> Signer:
    if not CLIENT_KEY.fullmatch(client_key):
        message = f"--client-key: {text_mistake(client_key, VISIBLE_36)}"
        raise UsageError(message)
    return Signer.create(client_key, read_signing_key(private_key, passphrase_file), assembly.system_clock)


def _throttle(per_second: float) -> Throttle:
    if not SLOWEST <= per_second <= FASTEST:
        message = f"--per-second must be from {SLOWEST:g} to {FASTEST:g}"
        raise UsageError(message)
    return Throttle(per_second)


def _client(trusted: ssl.SSLContext | None) -> httpx.Client:
    try:
        return open_client(f"snap-token-check/{__version__}", trusted)
    except (ValueError, ImportError, OSError) as error:
        message = f"requests cannot be sent from this machine: {error}"
        raise UsageError(message) from error
