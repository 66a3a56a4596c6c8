"""NICEPAY's part, played: a signed request."""

import shlex
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT, read_secret
from handlers.snap.keys import KeyFormatError, load_private_key
from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

BODY = '{"grantType":"client_credentials","additionalInfo":{}}'


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What NICEPAY sends to the merchant, and a proxy to this server.

    `secret_headers` are sent and never shown: a command names the variable of the shell that is to hold each value.
    `ca_file` has the authorities that are trusted for https://, in PEM, in place of those of the system.
    """

    url: str
    headers: dict[str, str]
    body: str = BODY
    method: str = "POST"
    secret_headers: dict[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None

    @classmethod
    def make(cls, url: str, client_key: str, private_key: RSAPrivateKey, now: datetime) -> "SignedRequest":
        """A request for a token: signs `client key|X-TIMESTAMP`; good as long as the server's window is open."""
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
        options = [f"--cacert {shlex.quote(str(self.ca_file.absolute()))}"] if self.ca_file else []
        options += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items()]
        options += [f'-H "{name}: ${variable_of(name)}"' for name in self.secret_headers]
        # For -d, a body that begins with @ would be the name of a file.
        flag = "--data-raw" if self.body.startswith("@") else "-d"
        options += [f"{flag} {shlex.quote(self.body)}"] if self.body else []
        method = "" if self.method == "POST" and self.body else f"-X {shlex.quote(self.method)} "
        # Brackets and braces would stand for several URLs.
        literal = "-g " if set(self.url) & set("[]{}") else ""
        return " \\\n  ".join([f"curl -sS {literal}{method}{shlex.quote(self.url)}", *options])


def variable_of(header: str) -> str:
    """The variable of the shell that holds a secret header's value: `X_INTERNAL_AUTHORIZATION`."""
    return header.upper().replace("-", "_")


def private_key_of(file: Path) -> RSAPrivateKey:
    """Load the key that signs, from standard input for `-`; MisuseError if there is none."""
    try:
        return load_private_key(read_secret(file).encode())
    except KeyFormatError as error:
        raise UsageError(str(error) if file == STANDARD_INPUT else f"{file}: {error}") from error
