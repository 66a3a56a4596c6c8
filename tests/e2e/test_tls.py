"""TLS of both listeners, against OpenSSL's own client: versions, cipher suites, slow clients, and new certificates."""

import os
import re
import signal
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from threading import Event

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from tests.e2e.instances import TOKEN, Instance, instances, signed_now
from tests.e2e.process import COMMAND, PATIENCE, environment, run
from tests.merchant import write_settings
from tests.metrics import parsed
from tests.nicepay import BODY, Nicepay
from tests.programs import program
from tests.tls_pair import (
    CERTIFICATE_FILE,
    HOST,
    KEY_FILE,
    TLS,
    ec_key,
    rsa_key,
    self_signed,
    write_certificate,
    write_key,
    write_pair,
)

SNAP_SUITES = {"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"}
"""What SNAP allows for TLS 1.2, without DHE."""
SILENT_CLIENTS = 200
CALLERS = 4
ANSWERS = 40


@dataclass(frozen=True)
class Served:
    """Two workers. The public listener has TLS 1.3, and the internal one has TLS 1.2 as well."""

    instance: Instance
    folder: Path
    live: Path

    def event(self, name: str) -> dict[str, object]:
        return self.instance.process.err.event(name)

    def failed_handshake(self, cause: str) -> dict[str, object]:
        """Wait for the log line of a handshake that failed for this reason."""
        while (line := self.event("tls.handshake_failed"))["cause"] != cause:
            pass
        return line

    def context(self) -> ssl.SSLContext:
        """A client that trusts the certificate that is on disk now."""
        return ssl.create_default_context(cafile=self.live / CERTIFICATE_FILE)

    def public(self, context: ssl.SSLContext | None = None) -> HTTPSConnection:
        port = self.instance.public_port
        return HTTPSConnection(HOST, port, timeout=PATIENCE, context=context or self.context())

    def get(self, path: str) -> bytes:
        """An answer of the internal listener."""
        connection = HTTPSConnection(HOST, self.instance.internal_port, timeout=PATIENCE, context=self.context())
        connection.request("GET", path)
        body = connection.getresponse().read()
        connection.close()
        return body

    def presented(self) -> bytes:
        """The certificate that a new connection gets, as DER."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((HOST, self.instance.public_port), PATIENCE) as plain,
            context.wrap_socket(plain) as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""

    def renew(self, name: str) -> Certificate:
        """Renew as certbot does: write new files, and then replace the links, one after the other."""
        (self.folder / name).mkdir()
        certificate = write_pair(self.folder / name)
        for file in (CERTIFICATE_FILE, KEY_FILE):
            self.link(file, self.folder / name / file)
        return certificate

    def link(self, name: str, target: Path) -> None:
        (self.live / "new").symlink_to(target)
        (self.live / "new").replace(self.live / name)


def _settings(folder: Path, nicepay: Nicepay) -> Path:
    files = TLS.replace('"tls.', '"live/tls.')
    state = '[state]\nurl = "sqlite:///state.db"\n'
    tables = f'[server]\nport = 0\nworkers = 2\n{files}[internal]\nport = 0\n{files}tls_minimum = "1.2"\n{state}'
    return write_settings(folder, nicepay, extra=tables)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, nicepay: Nicepay) -> Iterator[Served]:
    """A server that all tests of this file share."""
    folder = tmp_path_factory.mktemp("tls")
    write_pair(folder)
    (folder / "live").mkdir()
    for name in (CERTIFICATE_FILE, KEY_FILE):
        (folder / "live" / name).symlink_to(folder / name)
    with instances(_settings(folder, nicepay)) as (instance,):
        yield Served(instance, folder, folder / "live")


def _s_client(port: int, *options: str, stdin: str = "") -> str:
    """What OpenSSL's client prints about a connection."""
    done = run(program("openssl"), "s_client", "-connect", f"{HOST}:{port}", *options, stdin=stdin)
    return done.stdout + done.stderr


def _suite(text: str) -> str | None:
    """The suite of the connection. None if there was none."""
    found = re.search(r"^New, (\S+), Cipher is (\S+)$", text, re.MULTILINE)
    return found[2] if found and found[2] != "(NONE)" else None


def test_the_public_listener_speaks_tls_1_3_alone(served: Served) -> None:
    """TLS 1.3 connects, with HTTP/1.1 and without compression. TLS 1.2 does not, and the log says why."""
    text = _s_client(served.instance.public_port, "-alpn", "h2,http/1.1")
    assert re.search(r"^New, TLSv1\.3, Cipher is TLS_", text, re.MULTILINE)
    assert "ALPN protocol: http/1.1" in text
    assert "Compression: NONE" in text
    refused = _s_client(served.instance.public_port, "-tls1_2")
    assert (_suite(refused), "alert protocol version" in refused) == (None, True)
    assert served.failed_handshake("UNSUPPORTED_PROTOCOL")["remote"] == HOST


def test_tls_1_2_has_the_suites_of_snap_only(served: Served) -> None:
    """Where the settings allow TLS 1.2, a client that offers every other suite of OpenSSL is refused."""
    port = served.instance.internal_port
    others = ":".join(["ALL:COMPLEMENTOFALL", *(f"!{suite}" for suite in SNAP_SUITES), "@SECLEVEL=0"])
    assert _suite(_s_client(port, "-tls1_2", "-cipher", others)) is None
    for suite in SNAP_SUITES:
        assert _suite(_s_client(port, "-tls1_2", "-cipher", suite)) == suite
    assert _suite(_s_client(port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")) is None


def test_no_client_renegotiates(served: Served) -> None:
    """A client of TLS 1.2 that begins a second handshake is refused."""
    text = _s_client(served.instance.internal_port, "-tls1_2", stdin="R\n")
    assert _suite(text) in SNAP_SUITES
    assert "Compression: NONE" in text
    assert "no renegotiation" in text


def test_a_token_request_is_answered(served: Served, nicepay: Nicepay) -> None:
    """A client that verifies the certificate gets tokens on one connection. The metrics name the end of both."""
    connection = served.public()
    for _ in range(2):
        connection.request("POST", TOKEN, BODY, signed_now(nicepay))
        answer = connection.getresponse()
        assert (answer.status, b"2007300" in answer.read()) == (200, True)
    connection.close()
    values = parsed(served.get("/metrics").decode())
    ends = [labels for name, labels in values if name == "snap_tls_certificate_expiry_timestamp_seconds"]
    assert len(ends) == 2


def test_plain_http_gets_a_word_and_no_traceback(served: Served) -> None:
    """A request without TLS is told to use HTTPS, and the log has one line that says what it was."""
    connection = HTTPConnection(HOST, served.instance.public_port, timeout=PATIENCE)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, b"HTTPS" in answer.read()) == (400, True)
    connection.close()
    assert "exception" not in served.failed_handshake("HTTP_REQUEST")


def test_silent_clients_make_nobody_wait(served: Served, nicepay: Nicepay) -> None:
    """While clients never finish their handshake, others are answered. The server closes the silent ones."""
    address = (HOST, served.instance.public_port)
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address, PATIENCE)) for _ in range(SILENT_CLIENTS)]
        connection = served.public()
        connection.request("POST", TOKEN, BODY, signed_now(nicepay))
        assert connection.getresponse().status == 200
        connection.close()
        assert {each.recv(1) for each in silent} == {b""}
    assert served.failed_handshake("timeout")["level"] == "warning"


def _call(served: Served, nicepay: Nicepay, is_over: Event, *, keeps: bool) -> int:
    """Send token requests until the end, on one connection or on a new one each. Every one must be answered.

    The client trusts whichever certificate is on disk when it connects, or any, because the disk may be ahead.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection, answers = served.public(context), 0
    while not is_over.is_set() or answers < ANSWERS:
        connection.request("POST", TOKEN, BODY, signed_now(nicepay))
        answer = connection.getresponse()
        assert answer.status in {200, 500}, answer.status  # 500: the workers wait for the state file
        answer.read()
        answers += 1
        if not keeps:
            connection.close()
    connection.close()
    return answers


def test_a_renewed_certificate_costs_no_connection(served: Served, nicepay: Nicepay) -> None:
    """Under load, both workers take a renewed pair, and are replaced. No handshake and no request fails."""
    is_over = Event()
    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(_call, served, nicepay, is_over, keeps=bool(each % 2)) for each in range(CALLERS)]
        try:
            renewed = served.renew("renewed")
            lines = [served.event("settings.read") for _ in range(2)]
            presented = {served.presented() for _ in range(20)}
            os.kill(served.instance.process.pid, signal.SIGUSR2)
            served.event("workers.replaced")
        finally:
            is_over.set()
        assert all(each.result() >= ANSWERS for each in callers)
    assert len({line["worker"] for line in lines}) == 2
    assert "server.tls_certificate_file" in str(lines[0]["values_changed"])
    assert presented == {renewed.public_bytes(Encoding.DER)} == {served.presented()}


def test_a_broken_pair_is_refused_and_the_old_one_stays(served: Served) -> None:
    """If the new key does not belong to the certificate, each worker says so once and keeps the old pair."""
    before = served.presented()
    write_key(served.folder / "other.key", ec_key())
    served.link(KEY_FILE, served.folder / "other.key")
    refused = [served.event("settings.refused") for _ in range(2)]
    assert "server.tls_key_file: the key does not belong to the certificate" in str(refused[0]["mistakes"])
    assert {served.presented() for _ in range(10)} == {before}
    assert b'"keys":"old"' in served.get("/readyz").replace(b" ", b"")
    checked = run(COMMAND, "serve", "--check", "--config", served.folder / "snap-token.toml")
    assert (checked.returncode, "the key does not belong to the certificate" in checked.stderr) == (2, True)


def test_health_and_self_check_reach_the_server(served: Served) -> None:
    """`health` reports the running server as well, and `self-check` names a certificate that ends soon."""
    file = served.folder / "snap-token.toml"
    short = self_signed(rsa_key(), lifetime=timedelta(minutes=70))
    write_certificate(served.folder / "short.pem", short)
    write_key(served.folder / "short.key", rsa_key())
    served.link(CERTIFICATE_FILE, served.folder / "short.pem")
    served.link(KEY_FILE, served.folder / "short.key")
    served.event("settings.read")
    ports = {"SERVER": served.instance.public_port, "INTERNAL": served.instance.internal_port}
    env = environment(**{f"SNAP_TOKEN__{name}__PORT": str(port) for name, port in ports.items()})
    assert run(COMMAND, "health", "--ready", "--config", file, env=env).stderr == ""
    report = run(COMMAND, "self-check", "--verbose", "--config", file, env=env).stdout
    assert f"server: {HOST}:{served.instance.public_port} is in use by this server" in report
    assert "server.tls_certificate_file: the certificate ends on " in report
