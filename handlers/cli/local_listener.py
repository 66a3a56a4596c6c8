"""How a command reaches a listener of this machine: an address with or without TLS, or a Unix socket."""

import ssl
from dataclasses import dataclass

from handlers.server.process.sockets import origin


@dataclass(frozen=True, slots=True)
class LocalListener:
    """A listener. `address` is host and port, or the path of a socket and 0."""

    address: tuple[str, int]
    tls: bool

    @property
    def name(self) -> str:
        """The origin of its URLs, for messages."""
        return origin(*self.address, tls=self.tls)

    @property
    def base_url(self) -> str:
        """The origin for an HTTP client, which gets the path of a socket in `socket`."""
        return "http://localhost" if self.socket else self.name

    @property
    def socket(self) -> str | None:
        """The path of the socket. None without one."""
        host, _ = self.address
        return host if host.startswith("/") else None

    @property
    def verify(self) -> ssl.SSLContext | bool:
        """How to verify the certificate: not at all.

        The certificate names the merchant's host, not this machine. And an expired one must not look like a server that
        does not answer.
        """
        return _unverified() if self.tls else False


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
