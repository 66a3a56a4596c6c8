"""nginx and Caddy with the files of `docs/deploy`, on free ports and in their own folders."""

import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e import certificate
from tests.e2e.process import PATIENCE, Process, environment, free_port, running
from tests.listening import read_until_closed
from tests.pages import DEPLOY
from tests.programs import program

HOST = "127.0.0.1"
Edit = Callable[[str], str]
"""A change of a configuration file, as an operator makes it."""


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True)
class Upstreams:
    """The ports of the servers behind a proxy. Without a second instance, the first one takes its place."""

    token: int
    internal: int
    merchant: int
    second_token: int = 0
    second_internal: int = 0

    def put_into(self, text: str) -> str:
        """Replace the ports in the configuration file of a proxy."""
        ports = {
            8080: self.token,
            8081: self.second_token or self.token,
            9080: self.internal,
            9081: self.second_internal or self.internal,
            3000: self.merchant,
        }
        for written, port in ports.items():
            text = _replaced(text, f"{HOST}:{written}", f"{HOST}:{port}")
        return text


@dataclass(frozen=True)
class Proxy:
    """A running proxy."""

    client: httpx.Client
    port: int
    tls: ssl.SSLContext | None
    process: Process

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the proxy's main process only, as its own command does."""
        os.kill(self.process.pid, number)

    def exchange(self, request: bytes) -> bytes:
        """Send these bytes, and read until the proxy closes the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_until_closed(connection)

    def connect(self) -> socket.socket:
        connection = socket.create_connection((HOST, self.port), PATIENCE)
        return self.tls.wrap_socket(connection, server_hostname=HOST) if self.tls else connection


@contextmanager
def nginx(folder: Path, upstreams: Upstreams, secret: str = "", edit: Edit = _unchanged) -> Iterator[Proxy]:
    """Run nginx until the block ends. `secret` is the proxy's secret for the internal listener."""
    port = free_port()
    text = upstreams.put_into(edit((DEPLOY / "nginx.conf").read_text()))
    text = _replaced(
        text, 'X-Internal-Authorization "";', f'X-Internal-Authorization "{secret and "Bearer "}{secret}";'
    )
    text = _replaced(text, "listen 443 ssl;", f"listen {HOST}:{port} ssl;")
    (folder / "nginx.conf").write_text(text)
    tls = certificate.write(folder, HOST)
    # Workers keep the user of the test, because other users cannot enter its folder. The log says when nginx listens.
    directives = "daemon off; error_log stderr notice;" + (" user root;" if folder.owner() == "root" else "")
    with running(program("nginx"), "-p", folder, "-c", "nginx.conf", "-g", directives) as process:
        _wait(process, "start worker process ")
        with httpx.Client(base_url=f"https://{HOST}:{port}", verify=tls, trust_env=False, timeout=PATIENCE) as client:
            yield Proxy(client, port, tls, process)


@contextmanager
def caddy(folder: Path, upstreams: Upstreams, edit: Edit = _unchanged) -> Iterator[Proxy]:
    """Run Caddy until the block ends. Without TLS, because Caddy would request a certificate from an authority."""
    port = free_port()
    text = upstreams.put_into(edit((DEPLOY / "Caddyfile").read_text()))
    text = _replaced(text, "\nmerchant.example, https:// {", f"\nhttp://{HOST}:{port}, http://:{port} {{")
    text = _replaced(text, "\tauto_https disable_redirects", "\tadmin off\n\tauto_https disable_redirects")
    (folder / "Caddyfile").write_text(text)
    home = environment(HOME=str(folder), XDG_CONFIG_HOME=str(folder), XDG_DATA_HOME=str(folder))
    with running(program("caddy"), "run", "--config", folder / "Caddyfile", cwd=folder, env=home) as process:
        _wait(process, '"serving initial configuration"')
        with httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=PATIENCE) as client:
            yield Proxy(client, port, None, process)


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"the file has {old!r} {text.count(old)} times"
    return text.replace(old, new)


def _wait(process: Process, text: str) -> None:
    """Wait until the process logs this text."""
    other_lines = []
    for line in process.err:
        if text in line:
            return
        other_lines.append(line)
    message = f"the proxy ended before it was ready: {''.join(other_lines)}"
    raise AssertionError(message)
