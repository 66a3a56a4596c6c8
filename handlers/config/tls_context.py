"""A TLS context for servers. A handshake that fails keeps the alert of OpenSSL, which asyncio and uvloop throw away."""

import ssl


class HandshakeError(ssl.SSLError):
    """OpenSSL ended a handshake.

    `reason` is its name for the cause. `alert` is the record that tells the client (RFC 8446, section 6.2). It is
    empty if the client itself sent an alert, or did not speak TLS.
    """

    def __init__(self, error: ssl.SSLError, alert: bytes) -> None:
        super().__init__(*error.args)
        self.reason = error.reason or "unknown"
        self.alert = alert


class _Connection(ssl.SSLObject):
    outgoing: ssl.MemoryBIO

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLSyscallError):
            raise
        except ssl.SSLError as error:
            raise HandshakeError(error, self.outgoing.read()) from error


class ServerContext(ssl.SSLContext):
    """A context whose connections raise HandshakeError."""

    sslobject_class = _Connection

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002  the standard library's signature
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Make a connection that knows where its alert is."""
        connection = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        connection.outgoing = outgoing  # type: ignore[attr-defined]  # of _Connection
        return connection
