"""`snap-token self-check` as a process: beside a running server, behind a real nginx, and with faults planted there."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from handlers.cli.self_check import run as self_checks
from handlers.cli.self_check.run import Outside
from handlers.cli.self_check.tls import check_tls
from handlers.config.settings import Settings
from tests.e2e import proxies
from tests.e2e.process import COMMAND, free_port, run, running
from tests.e2e.proxies import HOST, Edit, Proxy, Upstreams
from tests.e2e.stage import INQUIRY, PAYMENT, SERVICES
from tests.merchant import write_settings
from tests.nicepay import Nicepay

SECRET = "a-secret-of-the-internal-listener"


@dataclass(frozen=True)
class Findings:
    """The findings of one run."""

    all: list[dict[str, str]]

    def of(self, check: str) -> list[tuple[str, str]]:
        """The severity and the text of each finding of this check."""
        return [(each["severity"], each["found"]) for each in self.all if each["check"] == check]

    def severities(self, part: str) -> set[str]:
        return {each["severity"] for each in self.all if each["check"].startswith(part)}


def self_check(settings: Path, *options: str | Path) -> tuple[int, Findings]:
    """Run the command. Gives its exit status and its findings."""
    done = run(COMMAND, "self-check", "--config", settings, "--json", *options)
    assert done.stderr == ""
    assert SECRET not in done.stdout
    return done.returncode, Findings(json.loads(done.stdout)["findings"])


@dataclass(frozen=True)
class Installation:
    """The settings of a server whose ports are known, and what is in front of it."""

    settings: Path
    upstreams: Upstreams

    def options(self, proxy: Proxy) -> tuple[str | Path, ...]:
        """The options for everything that the command can reach."""
        url = str(proxy.client.base_url)
        ca_file = ("--ca-file", self.settings.with_name("certificate.pem")) if proxy.tls else ()
        return ("--proxy-url", url, "--time-source", url, *ca_file)

    def check_proxy(self, proxy: Proxy) -> Findings:
        """Check the proxy in this process, which takes less time than a new process."""
        ca_file = self.settings.with_name("certificate.pem") if proxy.tls else None
        found = self_checks.of_network(Settings.load(self.settings), Outside(None, proxy.client.base_url, ca_file))
        return Findings(list(map(asdict, found)))


@contextmanager
def installed(folder: Path, nicepay: Nicepay, *, internal: str, secret: bool = True) -> Iterator[Installation]:
    """Run a server until the end of the block. `internal` holds more lines for the table `[internal]`."""
    ports = free_port(), free_port()
    (folder / "internal.secret").write_text(SECRET)
    (folder / "internal.secret").chmod(0o600)
    secret_file = 'secret_file = "internal.secret"' if secret else ""
    extra = (
        f'{SERVICES}[server]\nport = {ports[0]}\n[state]\nurl = "sqlite:///state.db"\n'
        f"[internal]\nport = {ports[1]}\n{secret_file}\n{internal}\n"
    )
    settings = write_settings(folder, nicepay, extra=extra)
    with running(COMMAND, "serve", "--config", settings) as server:
        server.err.event("internal.listening")
        with socket.socket() as closed:
            closed.bind((HOST, 0))
            yield Installation(settings, Upstreams(*ports, closed.getsockname()[1]))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with installed(folder, nicepay, internal='accel_redirect = "@merchant"') as found:
        yield found


def test_nothing_is_wrong_behind_the_shipped_nginx(installation: Installation) -> None:
    """A running server behind the shipped nginx.conf has no error. Only its test certificate ends soon."""
    with proxies.nginx(installation.settings.parent, installation.upstreams, SECRET) as proxy:
        status, result = self_check(installation.settings, *installation.options(proxy))
    assert [each for each in result.all if each["severity"] == "error"] == []
    assert status == 0
    assert result.severities("proxy.certificate") == {"warning"}
    assert result.of("proxy.tls") == [("good", "TLS 1.3 only")]
    assert result.of("proxy.unknown_path") == [("good", "an unknown path gets 4040000")]
    assert result.of("proxy.token_endpoint") == [("good", "a token request without a signature gets 4007302")]
    assert result.severities("proxy.internal") == result.severities("proxy.calls") == {"good"}
    assert result.severities("listeners.ports") == result.severities("listeners.readiness") == {"good"}
    assert result.severities("clock") == {"good"}


def _edit(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


ALL_PATHS = "location / {\n            return 404;"
CALLS = "location ~ ^(/[^/]+)?/v1\\.[01]/ {"
REFUSALS = "error_page 400 403 404 405 413 414 429 500 503 /refused;"
INCOMPLETE = "the refusal of an unknown path is not SNAP's: "
UNSIGNED = "a call without a signature gets "
CALLED = f": {INQUIRY}, {PAYMENT}"
FAULTS = {
    "internal operations": (
        _edit(ALL_PATHS, "location / {\n proxy_pass http://internal;"),
        ("proxy.internal", "error", "everybody can reach internal operations: /authorize (401 4"),
    ),
    "a website": (
        _edit(ALL_PATHS, "location / {\n return 200 'Welcome';"),
        ("proxy.unknown_path", "error", "an unknown path gets 200, not 404"),
    ),
    "unchecked calls": (
        _edit(CALLS, f"{CALLS}\n return 204;"),
        ("proxy.calls", "error", f"{UNSIGNED}204, so your service may receive forged calls{CALLED}"),
    ),
    "unknown calls": (_edit(CALLS, f"{CALLS}\n return 404;"), ("proxy.calls", "error", f"{UNSIGNED}404 4040000")),
    "calls of a website": (
        _edit(CALLS, f"{CALLS}\n return 401;"),
        ("proxy.calls", "warning", f"{UNSIGNED}401, and its body has no SNAP response code and it has no X-TIMESTAMP"),
    ),
    "a token endpoint elsewhere": (
        _edit("location ~* /access-token {", "location ~* /access-token {\n return 503;"),
        ("proxy.token_endpoint", "error", "a token request without a signature gets 503 5037300, not 400"),
    ),
    "TLS 1.2 only": (_edit("TLSv1.3;", "TLSv1.2;"), ("proxy.tls", "error", "the proxy has TLSv1.2, and no TLS 1.3")),
    "TLS 1.2 too": (
        _edit("TLSv1.3;", "TLSv1.2 TLSv1.3;"),
        ("proxy.tls", "warning", "the proxy has TLS 1.3, but still accepts TLS 1.2"),
    ),
    "no X-TIMESTAMP": (
        _edit("add_header X-TIMESTAMP $jakarta_time always;", ""),
        ("proxy.unknown_path", "error", f"{INCOMPLETE}it has no X-TIMESTAMP at +07:00"),
    ),
    "may be cached": (
        _edit("add_header Cache-Control $cache_control always;", ""),
        ("proxy.unknown_path", "error", f"{INCOMPLETE}it has no Cache-Control: no-store"),
    ),
    "HTML": (_edit(REFUSALS, ""), ("proxy.unknown_path", "error", f"{INCOMPLETE}its body has no SNAP response code")),
    "denied": (
        _edit("# deny all;", "deny all;"),
        ("proxy.reachable", "skipped", "the proxy refuses the address of this machine (403)"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_proxy_is_found(installation: Installation, fault: str) -> None:
    """Each change of nginx.conf that weakens it is found."""
    edit, (check, severity, text) = FAULTS[fault]
    with proxies.nginx(installation.settings.parent, installation.upstreams, SECRET, edit) as proxy:
        result = installation.check_proxy(proxy)
    assert any(found[0] == severity and found[1].startswith(text) for found in result.of(check)), result.of(check)


def test_a_page_for_every_path_is_no_internal_operation(installation: Installation) -> None:
    """A proxy that gives the same page for every path passes none of them on, so no operation is reported."""
    edit, _ = FAULTS["a website"]
    with proxies.nginx(installation.settings.parent, installation.upstreams, SECRET, edit) as proxy:
        assert installation.check_proxy(proxy).severities("proxy.internal") == {"good"}


@pytest.mark.parametrize("shown", [False, True], ids=["hidden", "shown"])
def test_a_wrong_secret_of_the_proxy_is_found(installation: Installation, *, shown: bool) -> None:
    """The proxy's secret is wrong. If the proxy also shows that to callers, the finding says so."""
    edit = _edit("proxy_set_header X-Original-Delivery accel-redirect;", "proxy_ignore_headers X-Accel-Redirect;")
    folder, upstreams = installation.settings.parent, installation.upstreams
    with proxies.nginx(folder, upstreams, "another-secret", edit if shown else lambda text: text) as proxy:
        result = installation.check_proxy(proxy)
    cause = "401 4010000, so callers see that the secret of the proxy is wrong" if shown else "500 5000000"
    assert ("error", f"{UNSIGNED}{cause}{CALLED}") in result.of("proxy.calls")


def test_a_proxy_without_its_server_is_found(installation: Installation) -> None:
    """If the proxy reaches no server, token requests and calls get 503, and both findings say so."""
    nowhere = replace(installation.upstreams, token=free_port(), internal=free_port())
    with proxies.nginx(installation.settings.parent, nowhere, SECRET) as proxy:
        result = installation.check_proxy(proxy)
    assert result.of("proxy.token_endpoint") == [
        ("error", "a token request without a signature gets 503 5037300, not 400")
    ]
    assert ("error", f"{UNSIGNED}503 5030000{CALLED}") in result.of("proxy.calls")


def test_a_certificate_that_nobody_trusts_is_one_error(installation: Installation) -> None:
    """Without the authority of its certificate, the proxy cannot be reached, and nothing else is said about it."""
    with proxies.nginx(installation.settings.parent, installation.upstreams, SECRET) as proxy:
        outside = Outside(None, proxy.client.base_url, None)
        _, finding = self_checks.of_network(Settings.load(installation.settings), outside)
    assert (finding.check, finding.severity) == ("proxy.reachable", "error")
    assert "CERTIFICATE_VERIFY_FAILED" in finding.found


def test_a_proxy_that_closes_its_connections_has_no_tls(installation: Installation) -> None:
    """If the second connection fails, the TLS checks are skipped, and the finding says why."""
    with proxies.nginx(installation.settings.parent, installation.upstreams, SECRET) as proxy:
        url = proxy.client.base_url
    (finding,) = check_tls(url, installation.settings.with_name("certificate.pem"), datetime.now(UTC))
    assert (finding.check, finding.severity) == ("proxy.tls", "skipped")


def test_the_shipped_caddy_lacks_only_tls_here(tmp_path: Path, nicepay: Nicepay) -> None:
    """Behind the shipped Caddyfile, which these tests run without TLS, the missing TLS is the only error."""
    with (
        installed(tmp_path, nicepay, internal='call_headers = "x-forwarded"', secret=False) as found,
        proxies.caddy(tmp_path, found.upstreams) as proxy,
    ):
        result = found.check_proxy(proxy)
    assert [each["check"] for each in result.all if each["severity"] == "error"] == ["proxy.tls"]


def test_settings_without_services_have_no_calls(tmp_path: Path, nicepay: Nicepay) -> None:
    """Without [[services]] there is no call whose refusal could be checked."""
    settings = Settings.load(write_settings(tmp_path, nicepay))
    with proxies.nginx(tmp_path, Upstreams(free_port(), free_port(), free_port())) as proxy:
        outside = Outside(None, proxy.client.base_url, tmp_path / "certificate.pem")
        found = [each.severity for each in self_checks.of_network(settings, outside) if each.check == "proxy.calls"]
    assert found == ["skipped"]


def test_nothing_changes(installation: Installation) -> None:
    """Beside a running server, the command changes no file of the installation."""
    folder = installation.settings.parent

    def contents() -> dict[Path, str]:
        return {file: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir() if file.is_file()}

    before = contents()
    assert self_check(installation.settings)[0] == 0
    assert contents() == before
