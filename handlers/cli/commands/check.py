"""`snap-token check`: a judge for any SNAP token server."""

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
from handlers.cli.simulator.http_exchange import trusting
from handlers.cli.simulator.signed_request import private_key_of
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
"""Requests a second; nobody's server is to be loaded."""

_NOT_PLAYED = (
    "Nothing else was played, since the genuine request got no token."
    " Is this the whole URL of the token endpoint, a client key that it knows, and that client's private key?\n"
)
_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim"}


def check(  # noqa: PLR0913  a command's options
    url: str,
    *,
    client_key: str,
    private_key: Path,
    per_second: float = 3.0,
    strict: bool = False,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
    junit: Path | None = None,
    html: Path | None = None,
    ca_file: Path | None = None,
) -> int:
    """Judge a SNAP token server: play a hundred scenarios of the contract against it and tell where it deviates.

    It must know the client key and its public key. This takes about 40 seconds. Exit status 1 if there is a critical or
    major finding, 2 for a misuse.

    Example: snap-token check https://merchant.example/api/v1.0/access-token/b2b --client-key YOUR-CLIENT-ID
    --private-key private.pem

    Args:
        url: The whole URL of the token endpoint. It is asked, and two paths that begin like it.
        client_key: The X-CLIENT-KEY that the server knows.
        private_key: The file of its private key, in PEM. It is read here and sent nowhere.
        per_second: At most so many requests a second, up to 20.
        strict: Exit with status 1 for minor findings, too.
        json_: Print the verdicts as JSON.
        junit: Write them to this file as JUnit XML, too.
        html: Write them to this file as an HTML page, too.
        ca_file: The file of the authorities that are trusted for https://, in PEM, in place of those of the system.
    """
    target = _target(url)
    signer = _signer(client_key, private_key)
    if not 0 < per_second <= FASTEST:
        message = f"--per-second is more than 0 and at most {FASTEST:g}"
        raise UsageError(message)
    trusted = trusting(ca_file)
    _require_writable(junit, html)
    _warn(target)
    report = Report(_shown(target), client_key, assembly.system_clock(), _judged(target, signer, per_second, trusted))
    _tell(report, as_json=json_)
    if junit:
        _write(junit, junit_of(report))
    if html:
        _write(html, page_of(report))
    return int(server_fails(report.results, strict=strict))


def _target(url: str) -> httpx.URL:
    """None of the messages repeats the URL: it may hold a password."""
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        message = f"the URL is none: {error}"
        raise UsageError(message) from error
    if target.scheme not in {"http", "https"} or not target.host:
        message = "the URL is none of a token endpoint; it begins with https:// or http://"
        raise UsageError(message)
    if target.userinfo:
        message = "the URL holds a name or password; SNAP has neither"
        raise UsageError(message)
    return target.copy_with(fragment=None)


def _shown(target: httpx.URL) -> str:
    """A query may hold what is not for reports."""
    return str(target.copy_with(query=None))


def _signer(client_key: str, private_key: Path) -> Signer:
    if not CLIENT_KEY.fullmatch(client_key):
        message = "--client-key has 1 to 36 visible ASCII characters"
        raise UsageError(message)
    return Signer.create(client_key, private_key_of(private_key), assembly.system_clock)


def _warn(target: httpx.URL) -> None:
    if not _is_loopback(target.host):
        sys.stderr.write(f"snap-token: {len(CATALOGUE)} scenarios, hostile ones included, are sent to {target.host}\n")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _judged(
    target: httpx.URL, signer: Signer, per_second: float, trusted: ssl.SSLContext | None
) -> list[ScenarioResult]:
    with _client(trusted) as client:
        sender = Sender(client, target, assembly.system_clock, Throttle(per_second))
        played = run(CATALOGUE, signer, sender.send)
        try:
            return list(_with_progress(played))
        except UnreachableError as error:
            message = f"no answer from {_shown(target)}: {error}; is it the whole URL of the token endpoint?"
            raise UsageError(message) from error


def _with_progress(played: Iterable[ScenarioResult]) -> Iterable[ScenarioResult]:
    """A bar on a terminal, nothing anywhere else."""
    console = Console(stderr=True)
    return track(played, "Judging", len(CATALOGUE), console=console, transient=True, disable=not console.is_terminal)


def _client(trusted: ssl.SSLContext | None) -> httpx.Client:
    try:
        return open_client(f"snap-token-check/{__version__}", trusted)
    except (ValueError, ImportError, OSError) as error:
        message = f"nothing can be sent from here: {error}"
        raise UsageError(message) from error


def _tell(report: Report, *, as_json: bool) -> None:
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


def _require_writable(*files: Path | None) -> None:
    """Told before anything is sent, not after half a minute; what the file has stays until there is a new report."""
    for file in filter(None, files):
        _write(file, "", mode="a")


def _write(file: Path, text: str, mode: Literal["w", "a"] = "w") -> None:
    try:
        with file.open(mode, encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise UsageError(message) from error
