"""nginx and Caddy as `docs/deploy` has them: the very files, on free ports, in a folder of their own."""

import os
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e import certificate
from tests.e2e.process import PATIENCE, Process, environment, running
from tests.pages import DEPLOY
from tests.programs import program

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Behind:
    """The ports of what a proxy stands in front of; the second instance of a server is the first unless it is named."""

    token: int
    internal: int
    merchant: int
    second_token: int = 0
    second_internal: int = 0

    def put_into(self, text: str) -> str:
        """The file of a proxy, with these ports for those that are written there."""
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
    """A running proxy, as a caller outside sees it."""

    client: httpx.Client
    port: int
    tls: ssl.SSLContext | None
    process: Process

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the proxy's first process alone, as its own command does."""
        os.kill(self.process.pid, number)

    def exchange(self, request: bytes) -> bytes:
        """Send these very bytes, and read until the proxy closes the connection."""
        received = b""
        with self.connected() as connection:
            connection.sendall(request)
            while data := connection.recv(65_536):
                received += data
        return received

    def connected(self) -> socket.socket:
        connection = socket.create_connection((HOST, self.port), PATIENCE)
        return self.tls.wrap_socket(connection, server_hostname=HOST) if self.tls else connection


@contextmanager
def nginx(folder: Path, behind: Behind, secret: str = "") -> Iterator[Proxy]:
    """nginx until the block ends; `secret` is that of the internal listener."""
    port = free_port()
    text = behind.put_into((DEPLOY / "nginx.conf").read_text())
    text = _replaced(
        text, 'X-Internal-Authorization "";', f'X-Internal-Authorization "{secret and "Bearer "}{secret}";'
    )
    text = _replaced(text, "listen 443 ssl;", f"listen {HOST}:{port} ssl;")
    (folder / "nginx.conf").write_text(text)
    tls = certificate.write(folder, HOST)
    # Whoever runs the test keeps its rights, since the folder is nobody else's; the log tells when it listens.
    told = "daemon off; error_log stderr notice;" + (" user root;" if folder.owner() == "root" else "")
    with running(program("nginx"), "-p", folder, "-c", "nginx.conf", "-g", told) as process:
        _wait(process, "start worker process ")
        with httpx.Client(base_url=f"https://{HOST}:{port}", verify=tls, trust_env=False, timeout=PATIENCE) as client:
            yield Proxy(client, port, tls, process)


@contextmanager
def caddy(folder: Path, behind: Behind) -> Iterator[Proxy]:
    """Caddy until the block ends, without TLS: it would ask an authority for a certificate."""
    port = free_port()
    text = behind.put_into((DEPLOY / "Caddyfile").read_text())
    text = _replaced(text, "\nmerchant.example {", f"\nhttp://{HOST}:{port} {{")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    home = environment(HOME=str(folder), XDG_CONFIG_HOME=str(folder), XDG_DATA_HOME=str(folder))
    with running(program("caddy"), "run", "--config", folder / "Caddyfile", cwd=folder, env=home) as process:
        _wait(process, '"serving initial configuration"')
        with httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=PATIENCE) as client:
            yield Proxy(client, port, None, process)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the file"
    return text.replace(old, new)


def _wait(process: Process, text: str) -> None:
    """Until the process has logged this."""
    passed = []
    for line in process.err:
        if text in line:
            return
        passed.append(line)
    message = f"it ended before it served: {''.join(passed)}"
    raise AssertionError(message)
