"""NICEPAY's part, played: a signed token request."""

import shlex
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handlers.cli.misuse import MisuseError
from handlers.server.key_files import read_private_key
from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

TOKEN_PATH = "/access-token/b2b"  # noqa: S105  a path, no password
BODY = '{"grantType":"client_credentials","additionalInfo":{}}'


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What NICEPAY posts to the merchant."""

    url: str
    headers: dict[str, str]
    body: str = BODY

    @classmethod
    def make(cls, url: str, client_key: str, private_key: RSAPrivateKey, now: datetime) -> "SignedRequest":
        """Sign `client key|X-TIMESTAMP`; good as long as the server's window is open."""
        timestamp = render(now)
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": client_key,
            "X-SIGNATURE": sign(private_key, string_to_sign(client_key, timestamp)),
        }
        return cls(url, headers)

    def as_curl(self) -> str:
        """The same as a command for a POSIX shell, continued with backslashes."""
        options = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items()]
        return " \\\n  ".join([f"curl -sS {shlex.quote(self.url)}", *options, f"-d {shlex.quote(self.body)}"])


def private_key_of(file: Path) -> RSAPrivateKey:
    """Load the key that signs; MisuseError if the file holds none."""
    try:
        return read_private_key(file)
    except ValueError as error:
        raise MisuseError(str(error)) from error
