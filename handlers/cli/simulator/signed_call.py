"""Calls with an access token, signed in either form. They are sent to the merchant, or to /authorize of this server."""

from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4

import httpx
from cyclopts import Parameter

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT, read_body, read_secret
from handlers.cli.simulator.http_exchange import send
from handlers.cli.simulator.options import SecretFile, Sender
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.config.tables import ClientTable, Internal
from handlers.server.openapi.internal_api import AUTHORIZE
from handlers.server.process import assembly, sockets
from handlers.snap import call as symmetric_form
from handlers.snap import signature as asymmetric_form
from handlers.snap.call import Call, minified
from handlers.snap.timestamp import render

_LONGEST_SUMMARY = 240
"""Characters. The whole body of a SNAP refusal fits, because its message has at most 150."""

PROXY_SECRET = "X-Internal-Authorization"  # noqa: S105  the name of a header


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class CallOptions:
    """The call, and how it is signed.

    Attributes:
        path: Path and query of the call. The command asks the internal listener of the settings whether the call is
            genuine.
        url: The whole URL of the call. The command sends the call itself to this URL. Use it in place of --path.
        method: The HTTP method of the call.
        body: The file of the body, which is sent without any change. Use - for standard input. Default: no body.
        token_file: The file of the access token. Use - for standard input. Default: the command requests a token.
        symmetric: Sign with the client secret (HMAC-SHA512), or with the private key (SHA256withRSA). Default: the
            form in the settings of the client.
        client_secret_file: The file of the client secret. Use - for standard input. Default: the file in the settings
            of the client.
        partner_id: The value of X-PARTNER-ID. Default: the partner ID in the settings, else the client ID.
        external_id: The value of X-EXTERNAL-ID. Default: a new random value.
    """

    path: str | None = None
    url: str | None = None
    method: str = "POST"
    body: SecretFile = None
    token_file: SecretFile = None
    symmetric: Annotated[bool | None, Parameter(negative="--asymmetric")] = None
    client_secret_file: SecretFile = None
    partner_id: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Caller:
    """The client that makes the call. `table` is its table in the settings."""

    sender: Sender
    options: CallOptions
    client_key: str
    table: ClientTable | None

    @property
    def partner_id(self) -> str:
        return self.options.partner_id or (self.table.partner_id if self.table else self.client_key)

    def token(self) -> str:
        """The token in --token-file, or a new one."""
        file = self.options.token_file
        token = read_secret(file) if file else self._new_token()
        if not token.isprintable():
            # Checked here, because the HTTP client repeats an invalid header value in its error message.
            message = "the access token has a character that a header cannot carry; check --token-file"
            raise UsageError(message)
        return token

    def _new_token(self) -> str:
        request = self.sender.token_request()
        response = send(request)
        token = _access_token(response) if response.is_success else None
        if token is None:
            message = f"there is no token for the call: {request.url} answers {_summary(response)}"
            raise UsageError(message)
        return token

    def signature(self, call: Call) -> str:
        """The signature, in the form of the options, else in the form of the settings."""
        by_settings = self.table is not None and self.table.call_signature == "symmetric"
        if by_settings if self.options.symmetric is None else self.options.symmetric:
            return symmetric_form.sign(self._secret(), call.string_to_sign(minified(call.body or b"")))
        message = asymmetric_form.string_to_sign(self.client_key, call.timestamp)
        return asymmetric_form.sign(self.sender.private_key(), message)

    def _secret(self) -> bytes:
        if self.options.client_secret_file:
            return read_secret(self.options.client_secret_file).encode()
        if self.table and self.table.client_secret_file:
            return self.table.client_secret_file[0]
        message = "there is no client secret; add --client-secret-file, or client_secret_file in the settings"
        raise UsageError(message)


def signed_call(sender: Sender, options: CallOptions) -> SignedRequest:
    """The call, signed now. With --url it goes to the merchant, with --path to /authorize of this server.

    Raises:
        UsageError: an option is missing, or the server does not issue a token.
    """
    _require_one_standard_input(sender, options)
    if not sender.client_key or bool(options.path) == bool(options.url):
        message = "options are missing; add --config or --client-key, and one of --path and --url"
        raise UsageError(message)
    caller = _Caller(sender, options, sender.client_key, _client_table(sender))
    url = _parsed(options.url) if options.url else None
    uri = url.raw_path.decode() if url else options.path or ""
    body = read_body(options.body)
    call = Call(options.method, uri, caller.token(), render(assembly.system_clock()), body.encode())
    headers = {
        **({"Content-Type": "application/json"} if body else {}),
        "Authorization": f"Bearer {call.access_token}",
        "X-TIMESTAMP": call.timestamp,
        "X-PARTNER-ID": caller.partner_id,
        "X-SIGNATURE": caller.signature(call),
        "X-EXTERNAL-ID": options.external_id or uuid4().hex,
    }
    if url:
        return SignedRequest(str(url), headers, body, options.method, ca_file=sender.options.ca_file)
    return _authorize_request(_internal_listener(sender), call, headers, body)


def _access_token(response: httpx.Response) -> str | None:
    """The token of a SNAP response. None if the response has no token, for example from another program."""
    try:
        token = response.json()["accessToken"]
    except (ValueError, LookupError, TypeError):
        return None
    return token if isinstance(token, str) else None


def _summary(response: httpx.Response) -> str:
    """Status and body on one line, cut off after _LONGEST_SUMMARY characters."""
    return f"{response.status_code} {' '.join(response.text.split())}"[:_LONGEST_SUMMARY]


def _authorize_request(internal: Internal, call: Call, headers: dict[str, str], body: str) -> SignedRequest:
    """The request that a proxy sends to the internal listener for this call."""
    prefix, uri = ("X-Forwarded", "Uri") if internal.call_headers == "x-forwarded" else ("X-Original", "URI")
    return SignedRequest(
        url=f"{sockets.origin(internal.host, internal.port)}{AUTHORIZE}",
        headers={**headers, f"{prefix}-Method": call.method, f"{prefix}-{uri}": call.uri},
        body=body,
        method="POST" if body else "GET",
        secret_headers={PROXY_SECRET: f"Bearer {internal.secrets[0].decode()}"} if internal.secrets else {},
    )


def _internal_listener(sender: Sender) -> Internal:
    if not sender.settings or not sender.settings.internal:
        message = "--path needs the internal listener; add [internal] to the settings, or use --url"
        raise UsageError(message)
    return sender.settings.internal


def _client_table(sender: Sender) -> ClientTable | None:
    tables = sender.settings.clients if sender.settings else ()
    return next((table for table in tables if table.id == sender.client_key), None)


def _parsed(url: str) -> httpx.URL:
    """The URL that is sent, escaped and without dot segments. The path of this URL is signed."""
    try:
        return httpx.URL(url).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        message = f"the call to {url} cannot be sent: {error}"
        raise UsageError(message) from error


def _require_one_standard_input(sender: Sender, options: CallOptions) -> None:
    secrets = (sender.options.private_key, sender.options.passphrase_file, options.client_secret_file)
    files = (*secrets, options.body, options.token_file)
    if files.count(STANDARD_INPUT) > 1:
        message = "more than one option is -; standard input can serve only one of them"
        raise UsageError(message)
