"""The keys of the settings that both listeners have: where they listen, and with which certificate."""

from typing import Self

from pydantic import Field, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic import model_validator as table_rule

from handlers.config.addresses import hosts_overlap, is_loopback
from handlers.config.groups import GroupId
from handlers.config.socket_files import SocketFile, SocketMode
from handlers.config.table import Integer, Table
from handlers.config.text_fields import Host
from handlers.config.tls_files import CertificateFile, ServerKey, ServerKeyFile, Tls, TlsVersion
from handlers.config.tls_pair import pair_mistake


class Listener(Table):
    """An address to listen on, or a Unix socket in its place. Port 0 means any free port.

    `socket_mode` and `socket_group` say who may connect to the socket. With `tls_certificate_file` and `tls_key_file`
    the listener speaks TLS, from version `tls_minimum` on.
    """

    host: Host = "127.0.0.1"
    port: Integer = Field(ge=0, le=65535)
    socket: SocketFile = None
    socket_mode: SocketMode = "0660"
    socket_group: GroupId = None
    tls_certificate_file: CertificateFile = None
    tls_key_file: ServerKeyFile = None
    tls_minimum: TlsVersion = "1.3"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the listener. A socket is a file, and its mode says who can use it."""
        return self.socket is not None or is_loopback(self.host)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, or the path of the socket and 0."""
        return (str(self.socket), 0) if self.socket else (self.host, self.port)

    @property
    def tls(self) -> Tls | None:
        """The pair for TLS. None if the listener speaks plain HTTP."""
        chain, key = self.tls_certificate_file, self.tls_key_file
        return Tls(chain, key, self.tls_minimum) if chain and key else None

    def collision_with(self, server: "Listener") -> tuple[tuple[str], str] | None:
        """Why the two cannot listen at the same time: the key to change, and the rule. None if they can."""
        if self.socket or server.socket:
            rule = "[server] already listens on this socket; choose another name"
            same = self.socket and server.socket and self.socket.resolve() == server.socket.resolve()
            return (("socket",), rule) if same else None
        rule = f"[server] already listens on port {server.port}; choose another port"
        collides = self.port == server.port != 0 and hosts_overlap(self.host, server.host)
        return (("port",), rule) if collides else None

    @field_rule("tls_key_file")
    @classmethod
    def _require_pair(cls, key: ServerKey | None, info: ValidationInfo) -> ServerKey | None:
        if "tls_certificate_file" not in info.data:
            return key
        chain = info.data["tls_certificate_file"]
        if chain and not key:
            message = "required because tls_certificate_file is set; name the file with the key of the certificate"
            raise ValueError(message)
        if key and not chain:
            message = "has no effect without tls_certificate_file; name the file with the certificate and its chain"
            raise ValueError(message)
        if key and (mistake := pair_mistake(chain, key)):
            raise ValueError(mistake)
        return key

    @field_rule("tls_minimum")
    @classmethod
    def _require_rsa(cls, minimum: TlsVersion, info: ValidationInfo) -> TlsVersion:
        key = info.data.get("tls_key_file")
        if minimum == "1.2" and key and not key.is_rsa:
            message = "SNAP allows TLS 1.2 only with an RSA key, and this key is another one; use a certificate for RSA"
            raise ValueError(message)
        return minimum

    @table_rule(mode="after")
    def _require_one_address(self) -> Self:
        given = self.model_fields_set
        if self.socket and (useless := given & {"host", "port"}):
            message = f"a listener has a socket or an address, not both; remove {min(useless)} or socket"
            raise ValueError(message)
        if self.socket and self.tls_certificate_file:
            message = "a socket needs no TLS, because no network can read it; remove tls_certificate_file or socket"
            raise ValueError(message)
        if not self.socket and (useless := given & {"socket_mode", "socket_group"}):
            message = f"{min(useless)} has no effect without socket; remove it, or set socket"
            raise ValueError(message)
        if not self.tls_certificate_file and "tls_minimum" in given:
            message = "tls_minimum has no effect without tls_certificate_file; remove it, or set tls_certificate_file"
            raise ValueError(message)
        return self
