"""The options that describe a call, and which of them go together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.simulator.options import SecretFile
from handlers.snap.call_form import CallForm

Symmetric = Annotated[bool | None, Parameter(negative="--asymmetric")]

_OF_TOKEN = frozenset({"--token-file", "--client-secret-file", "--symmetric", "--asymmetric"})
_OF_HEADERS = frozenset({"--partner-id", "--external-id", "--channel-id"})
_UNUSED: Mapping[CallForm, frozenset[str]] = {
    "token": frozenset(),
    "notification": _OF_TOKEN | _OF_HEADERS,
    "body-signed": _OF_TOKEN,
}


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class CallOptions:
    """The call, and how it is signed.

    Attributes:
        path: Path and query of the call. The command asks the internal listener of the settings whether the call is
            genuine. Default: the path of the service in the settings, if there is one service for the form.
        url: The whole URL of the call. The command sends the call itself to this URL. Use it in place of --path.
        form: The form of call. Default: the form of the service in the settings, else token.
        method: The HTTP method of the call.
        body: The file of the body, which is sent without any change. Use - for standard input. Default: no body.
        token_file: The file of the access token. Use - for standard input. Default: the command requests a token.
        symmetric: Sign a call with a token with the client secret (HMAC-SHA512), or with the private key
            (SHA256withRSA). Default: the form in the settings of the client.
        client_secret_file: The file of the client secret. Use - for standard input. Default: the file in the settings
            of the client.
        partner_id: The value of X-PARTNER-ID. Default: the partner ID in the settings, else the client ID.
        external_id: The value of X-EXTERNAL-ID. Default: a new random value, in the format in the settings.
        channel_id: The value of CHANNEL-ID. Default: the channel ID in the settings, else no such header.
    """

    path: str | None = None
    url: str | None = None
    form: CallForm | None = None
    method: str = "POST"
    body: SecretFile = None
    token_file: SecretFile = None
    symmetric: Symmetric = None
    client_secret_file: SecretFile = None
    partner_id: str | None = None
    external_id: str | None = None
    channel_id: str | None = None

    @property
    def by_name(self) -> Mapping[str, object]:
        """The options that some form does not use, by their names."""
        return {
            "--token-file": self.token_file,
            "--client-secret-file": self.client_secret_file,
            "--partner-id": self.partner_id,
            "--external-id": self.external_id,
            "--channel-id": self.channel_id,
            **signature_option(symmetric=self.symmetric),
        }


def signature_option(*, symmetric: bool | None) -> Mapping[str, object]:
    """The option that chooses the signature of a call with a token, by its name."""
    return {} if symmetric is None else {"--symmetric" if symmetric else "--asymmetric": True}


def require_used(form: CallForm, given: Mapping[str, object], *, signs_with_secret: bool = False) -> None:
    """Check that the form uses each option that is given. The value of any other option is None.

    `signs_with_secret` says that the client secret signs the body-signed calls of this client.

    Raises:
        UsageError: it names the option that the form does not use.
    """
    used = {"--client-secret-file"} if form == "body-signed" and signs_with_secret else set()
    unused = [name for name, value in given.items() if value is not None and name in _UNUSED[form] - used]
    if unused:
        message = f"a call of the form {form} does not use {unused[0]}; leave it out, or choose another --form"
        raise UsageError(message)
    if "--asymmetric" in given and given["--client-secret-file"]:
        message = "--asymmetric does not use --client-secret-file; leave one of them out"
        raise UsageError(message)
