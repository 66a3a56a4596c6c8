"""Who plays NICEPAY: the options that `request` and `curl` share, and what the settings say in their place."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cyclopts import Parameter

from handlers.cli.errors import UsageError, settings_of
from handlers.cli.simulator.signed_request import SignedRequest, private_key_of
from handlers.config.secrets_to_mask import private_key_secrets, secrets_to_mask
from handlers.config.settings import Settings
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.process import assembly, sockets
from handlers.snap.masking import Mask, SecretMasker

SecretFile = Annotated[Path | None, Parameter(allow_leading_hyphen=True)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Options:
    """Where the names and keys come from.

    Attributes:
        config: The settings of a sandbox; the other options are taken from there, unless given.
        client_key: The client that is played: what is sent as X-CLIENT-KEY.
        private_key: The file of the private key to sign with, in PEM; - reads it from standard input.
        ca_file: The file of the authorities that are trusted for https://, in PEM, in place of those of the system.
    """

    config: Path | None = None
    client_key: str | None = None
    private_key: SecretFile = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """The options and the settings, read once."""

    options: Options
    settings: Settings | None

    @classmethod
    def of(cls, options: Options | None) -> "Sender":
        """Read the settings, if there are any.

        Raises:
            MisuseError: they have mistakes.
        """
        given = options or Options()
        return cls(given, settings_of(given.config) if given.config else None)

    @property
    def masked(self) -> Mask:
        """Masks the secrets of the settings and of the private key. Token and signature are shown."""
        known = list(secrets_to_mask(self.settings)) if self.settings else []
        key = self.options.private_key
        return SecretMasker([*known, *(private_key_secrets(key) if key else ())]).without_known

    @property
    def client_key(self) -> str | None:
        """The one given, else the first of the settings."""
        return self.options.client_key or (self.settings.clients[0].id if self.settings else None)

    def private_key(self) -> RSAPrivateKey:
        """The key that signs.

        Raises:
            MisuseError: there is none.
        """
        if self.options.private_key:
            return private_key_of(self.options.private_key)
        if not self.settings:
            message = "name --config or --private-key"
            raise UsageError(message)
        sandbox = self.settings.sandbox
        if not (sandbox.enabled or sandbox.private_key_file.exists()):
            message = "these settings are no sandbox's and have no private key: name one with --private-key"
            raise UsageError(message)
        return private_key_of(sandbox.private_key_file)

    def token_request(self, url: str | None = None) -> SignedRequest:
        """A request for a token, signed now, to this URL or to the server of the settings.

        Raises:
            MisuseError: something is missing.
        """
        url = url or self._token_url()
        if not (url and self.client_key and (self.settings or self.options.private_key)):
            message = "name --config, or all of --url, --client-key and --private-key"
            raise UsageError(message)
        request = SignedRequest.make(url, self.client_key, self.private_key(), assembly.system_clock())
        return replace(request, ca_file=self.options.ca_file)

    def _token_url(self) -> str | None:
        if not self.settings:
            return None
        server = self.settings.server
        return f"{sockets.origin(server.host, server.port)}{server.base_path}{TOKEN_PATH}"
