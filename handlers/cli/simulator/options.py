"""The options that `request` and `curl` share, and their defaults from the settings."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.settings_file import load_settings
from handlers.cli.simulator.listener_url import origin_of
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.cli.simulator.signing_key import read_signing_key
from handlers.config.secrets_to_mask import private_key_secrets, secrets_to_mask
from handlers.config.settings import Settings
from handlers.server.openapi.documents import TOKEN_PATH
from handlers.server.process import assembly
from handlers.snap.masking import Mask, SecretMasker

SecretFile = Annotated[Path | None, Parameter(allow_leading_hyphen=True)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Options:
    """The client and its private key.

    Attributes:
        config: The settings file of a sandbox. It gives the defaults of the other options.
        client_key: The client ID to send as X-CLIENT-KEY. Default: the first client in the settings.
        private_key: The file of the private key that signs: PEM, DER, base64, JWK or OpenSSH. Use - for standard input.
            Default: the key of the sandbox.
        passphrase_file: The file of the passphrase, if the private key is encrypted. Use - for standard input. Default:
            the command asks for the passphrase on the terminal.
        ca_file: A PEM file with the certificate authorities to trust for https://. Default: those of the system.
    """

    config: Path | None = None
    client_key: str | None = None
    private_key: SecretFile = None
    passphrase_file: SecretFile = None
    ca_file: Path | None = None


@dataclass(frozen=True)
class Sender:
    """The options, and the settings if a file is named."""

    options: Options
    settings: Settings | None

    @classmethod
    def of(cls, options: Options | None) -> "Sender":
        """Load the settings, if --config names a file.

        Raises:
            UsageError: the settings have mistakes.
        """
        options = options or Options()
        return cls(options, load_settings(options.config) if options.config else None)

    @property
    def masked(self) -> Mask:
        """Mask the secrets of the settings and of the private key, but not tokens and signatures."""
        known = list(secrets_to_mask(self.settings)) if self.settings else []
        key = self.options.private_key
        return SecretMasker([*known, *(private_key_secrets(key) if key else ())]).without_known

    @property
    def client_key(self) -> str | None:
        """The client ID of --client-key, else of the first client in the settings."""
        return self.options.client_key or (self.settings.clients[0].id if self.settings else None)

    def private_key(self) -> RSAPrivateKey:
        """The key that signs.

        Raises:
            UsageError: neither --private-key nor the settings name a key, or the key cannot be read.
        """
        return self._signing_key

    @cached_property
    def _signing_key(self) -> RSAPrivateKey:
        """Read once, because the passphrase is asked for once, and standard input can be read only once."""
        return read_signing_key(self._key_file, self.options.passphrase_file)

    @property
    def _key_file(self) -> Path:
        if self.options.private_key:
            return self.options.private_key
        if not self.settings:
            message = "there is no key to sign with; add --config or --private-key"
            raise UsageError(message)
        sandbox = self.settings.sandbox
        if not (sandbox.enabled or sandbox.private_key_file.exists()):
            message = "the settings are not of a sandbox, so they have no private key; add --private-key"
            raise UsageError(message)
        return sandbox.private_key_file

    def token_request(self, url: str | None = None) -> SignedRequest:
        """A request for a token, signed now. Without `url` it goes to the server of the settings.

        Raises:
            UsageError: an option is missing.
        """
        url = url or self._token_url()
        if not (url and self.client_key and (self.settings or self.options.private_key)):
            message = "options are missing; add --config, or all of --url, --client-key and --private-key"
            raise UsageError(message)
        request = SignedRequest.make(url, self.client_key, self.private_key(), assembly.system_clock())
        return replace(request, ca_file=self.options.ca_file)

    def _token_url(self) -> str | None:
        if not self.settings:
            return None
        server = self.settings.server
        origin = origin_of(server, "server", "name the URL of your proxy with --url")
        return f"{origin}{server.base_path}{TOKEN_PATH}"
