"""The TLS of the proxy: versions, and the end of its certificate."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx

from handlers.cli.self_check.finding import Finding, error, findings_or, good, skipped, warning
from handlers.cli.self_check.http_client import AGENT
from handlers.cli.simulator.http_exchange import tls_context
from handlers.config.setting_warning import SOON
from handlers.escaping import escaped
from handlers.judge.sender import open_client

_CONFIGURE = "set ssl_protocols TLSv1.3, as docs/deploy/nginx.conf does"


def check_tls(url: httpx.URL, ca_file: Path | None, now: datetime) -> list[Finding]:
    """Connect twice: with every TLS version, and with versions below TLS 1.3 only."""
    if url.scheme != "https":
        found = f"{url.host} is reached without TLS, and SNAP requires TLS"
        return [error("proxy.tls", found, "name the https:// URL that the acquirers use in --proxy-url")]
    try:
        connection = _handshake(url, context_of(ca_file))
    except httpx.HTTPError as cause:
        return [skipped("proxy.tls", f"no TLS connection to {url.host}: {escaped(str(cause)) or type(cause).__name__}")]
    return [*_versions(connection.version() or "", url, ca_file), *_certificate(connection, now)]


def context_of(ca_file: Path | None) -> ssl.SSLContext:
    """A new TLS context that trusts the authorities in this file, or those that httpx trusts."""
    return tls_context(ca_file) or httpx.create_ssl_context()


def _handshake(url: httpx.URL, context: ssl.SSLContext) -> ssl.SSLObject:
    """The connection of one request. Its parameters stay readable when it is closed."""
    with open_client(AGENT, context) as client, client.stream("HEAD", url) as response:
        connection: ssl.SSLObject = response.extensions["network_stream"].get_extra_info("ssl_object")
        return connection


def _versions(newest: str, url: httpx.URL, ca_file: Path | None) -> Iterator[Finding]:
    if newest != "TLSv1.3":
        yield error("proxy.tls", f"the proxy has {newest}, and no TLS 1.3", _CONFIGURE)
        return
    older = context_of(ca_file)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        _handshake(url, older)
    except httpx.HTTPError:
        yield good("proxy.tls", "TLS 1.3 only")
    else:
        yield warning("proxy.tls", "the proxy has TLS 1.3, but still accepts TLS 1.2", _CONFIGURE)


def _certificate(connection: ssl.SSLObject, now: datetime) -> list[Finding]:
    """A certificate that is expired or that nobody trusts fails the connection. So this one is valid now."""
    certificate = cast("Mapping[str, str]", connection.getpeercert())
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    found = f"the certificate of the proxy ends on {end:%Y-%m-%d}"
    soon = [warning("proxy.certificate", found, "renew it")] if end - now <= SOON else []
    return findings_or(soon, good("proxy.certificate", found))
