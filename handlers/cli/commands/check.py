"""`snap-token check`: judge any SNAP token server."""

import json
import ssl
import sys
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

import httpx
from cyclopts import Parameter
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table
from rich.text import Text

from handlers import __version__
from handlers.cli.errors import UsageError
from handlers.cli.simulator.http_exchange import tls_context
from handlers.cli.simulator.options import SecretFile
from handlers.cli.simulator.signing_key import read_signing_key
from handlers.config.text_fields import VISIBLE_36, text_mistake
from handlers.judge.reports.html import html as page_of
from handlers.judge.reports.junit import junit as junit_of
from handlers.judge.reports.report import Report
from handlers.judge.scenario_runner import ScenarioResult, run, server_fails
from handlers.judge.scenarios import CATALOGUE
from handlers.judge.sender import Sender, UnreachableError, open_client
from handlers.judge.signer import Signer
from handlers.judge.throttle import Throttle
from handlers.server.process import assembly
from handlers.snap.client import CLIENT_KEY

FASTEST = 20.0
"""Requests per second. The command must not load the server."""

_NOT_PLAYED = (
    "The other scenarios were skipped, because the genuine request got no token."
    " Check the URL of the token endpoint, the client key and the private key.\n"
)
_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim"}


def check(  # noqa: PLR0913  a command's options
    url: str,
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
) -> int:
    """Judge any SNAP token server: send it a hundred scenarios of the contract, and report each deviation.

    The server must know the client key and the public key that belongs to the private key. The command takes about 40
    seconds. Exit status 1 if there is a critical or major finding.

    Example: snap-token check https://merchant.example/api/v1.0/access-token/b2b --client-key YOUR-CLIENT-ID
    --private-key private.pem

    Args:
        url: The whole URL of the token endpoint. Some requests go to two other paths that begin with this URL.
        client_key: A client ID that the server knows. It is sent as X-CLIENT-KEY.
        private_key: The file of the private key of this client: PEM, DER, base64, JWK or OpenSSH. The key is not sent.
        passphrase_file: The file of the passphrase, if the private key is encrypted. Use - for standard input. Default:
            the command asks for the passphrase on the terminal.
        per_second: The highest number of requests per second, more than 0 and at most 20.
        strict: Also exit with status 1 for minor findings.
        json_: Print the verdicts as JSON in place of a table.
        junit: Also write the verdicts to this file, as JUnit XML.
        html: Also write the verdicts to this file, as an HTML page.
        ca_file: A PEM file with the certificate authorities to trust for https://. Default: those of the system.
    """
    target = _target(url)
    signer = _signer(client_key, private_key, passphrase_file)
    throttle = _throttle(per_second)
    trusted = tls_context(ca_file)
    _require_writable(junit, html)
    _warn(target)
    now = assembly.system_clock()
    report = Report(_without_query(target), client_key, now, _run_scenarios(target, signer, throttle, trusted))
    _print(report, as_json=json_)
    _write_reports(report, junit, html)
    return int(server_fails(report.results, strict=strict))


def _target(url: str) -> httpx.URL:
    """The parsed URL. No error message repeats the URL, because it may hold a password."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        message = f"the URL is not valid: {error}"
        raise UsageError(message) from error
    if target.scheme not in {"http", "https"} or not target.host:
        message = "the URL is not that of a token endpoint; it must begin with https:// or http://"
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


def _warn(target: httpx.URL) -> None:
    if not _is_loopback(target.host):
        sys.stderr.write(f"snap-token: {len(CATALOGUE)} scenarios, some of them hostile, are sent to {target.host}\n")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _run_scenarios(
    target: httpx.URL, signer: Signer, throttle: Throttle, trusted: ssl.SSLContext | None
) -> list[ScenarioResult]:
    with _client(trusted) as client:
        sender = Sender(client, target, assembly.system_clock, throttle)
        played = run(CATALOGUE, signer, sender.send)
        try:
            return list(_with_progress(played))
        except UnreachableError as error:
            message = f"no answer from {_without_query(target)}: {error}; check the URL of the token endpoint"
            raise UsageError(message) from error


def _with_progress(played: Iterable[ScenarioResult]) -> Iterable[ScenarioResult]:
    """Show a progress bar on standard error, if it is a terminal."""
    console = Console(stderr=True)
    return track(played, "Judging", len(CATALOGUE), console=console, transient=True, disable=not console.is_terminal)


def _client(trusted: ssl.SSLContext | None) -> httpx.Client:
    try:
        return open_client(f"snap-token-check/{__version__}", trusted)
    except (ValueError, ImportError, OSError) as error:
        message = f"requests cannot be sent from this machine: {error}"
        raise UsageError(message) from error


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(f"{json.dumps(report.as_json(), indent=2)}\n")
        return
    played = [result for result in report.results if result.outcome != "skipped"]
    Console(file=sys.stdout).print(_table(f"{report.url}: {report.summary}", played))
    if len(played) < len(report.results):
        sys.stdout.write(_NOT_PLAYED)


def _table(title: str, played: Iterable[ScenarioResult]) -> Table:
    scenario, found = Column("scenario", overflow="fold", ratio=2), Column("found", overflow="fold", ratio=3)
    table = Table(scenario, "severity", "result", found, title=title)
    for result in played:
        outcome = Text(result.outcome, _STYLES[result.outcome])
        table.add_row(result.scenario.name, result.scenario.severity.word, outcome, _found(result))
    return table


def _found(result: ScenarioResult) -> Text:
    if result.outcome != "failed":
        return Text()
    return Text.assemble(result.found, "\n\n", (f"Source: {result.scenario.source}", "dim"))


def _write_reports(report: Report, junit: Path | None, html: Path | None) -> None:
    if junit:
        _write(junit, junit_of(report))
    if html:
        _write(html, page_of(report))


def _require_writable(*files: Path | None) -> None:
    """Check the files before the requests, which take half a minute. An old report stays until the new one is ready."""
    for file in filter(None, files):
        _write(file, "", mode="a")


def _write(file: Path, text: str, mode: Literal["w", "a"] = "w") -> None:
    try:
        with file.open(mode, encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise UsageError(message) from error
