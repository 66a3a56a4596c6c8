"""A request signed as NICEPAY signs it."""

import shlex
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

BODY = '{"grantType":"client_credentials","additionalInfo":{}}'


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that NICEPAY sends to the merchant, or that a proxy sends to this server.

    `secret_headers` are sent and never printed. A curl command names a shell variable in place of each value.
    `ca_file` is a PEM file with the certificate authorities to trust for https://, in place of those of the system.
    """

    url: str
    headers: dict[str, str]
    body: str = BODY
    method: str = "POST"
    secret_headers: dict[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None

    @classmethod
    def make(cls, url: str, client_key: str, private_key: RSAPrivateKey, now: datetime) -> "SignedRequest":
        """A request for a token. It signs `client key|X-TIMESTAMP`, and expires with the clock tolerance."""
        timestamp = render(now)
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": client_key,
            "X-SIGNATURE": sign(private_key, string_to_sign(client_key, timestamp)),
        }
        return cls(url, headers)

    def as_curl(self) -> str:
        """The request as a curl command for a POSIX shell, on several lines."""
        options = [f"--cacert {shlex.quote(str(self.ca_file.absolute()))}"] if self.ca_file else []
        options += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self.headers.items()]
        options += [f'-H "{name}: ${shell_variable(name)}"' for name in self.secret_headers]
        # -d reads a body that begins with @ from the file of that name.
        flag = "--data-raw" if self.body.startswith("@") else "-d"
        options += [f"{flag} {shlex.quote(self.body)}"] if self.body else []
        method = "" if self.method == "POST" and self.body else f"-X {shlex.quote(self.method)} "
        # Without -g, curl expands brackets and braces to several URLs.
        literal = "-g " if set(self.url) & set("[]{}") else ""
        return " \\\n  ".join([f"curl -sS {literal}{method}{shlex.quote(self.url)}", *options])


def shell_variable(header: str) -> str:
    """The name of the shell variable that holds the value of a secret header, such as `X_INTERNAL_AUTHORIZATION`."""
    return header.upper().replace("-", "_")
