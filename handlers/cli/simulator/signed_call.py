"""The calls that follow the token, played: signed in either form, sent to the merchant or asked of this server."""

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

_LONGEST_ANSWER = 240
"""Characters; those of a refusal, whose message has at most 150, and more."""

PROXY_SECRET = "X-Internal-Authorization"  # noqa: S105  a header, no password


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class CallOptions:
    """Which call it is and how it is signed.

    Attributes:
        path: The call's path and query. The internal listener of --config is asked whether the call is genuine.
        url: The call's whole URL, in place of --path: the call itself is sent there.
        method: The call's method.
        body: The file of the call's body, sent as it is; - reads it from standard input.
        token_file: A file that holds the access token; - reads it from standard input. Without it one is asked for.
        symmetric: Sign with the client secret (HMAC-SHA512), or with the private key. The settings say it by default.
        client_secret_file: The file of the client secret; - reads it from standard input.
        partner_id: What is sent as X-PARTNER-ID, unless it is the client key.
        external_id: What is sent as X-EXTERNAL-ID; by default one that was never used.
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
class _Player:
    """Who makes the call, as far as the options and the settings say it."""

    sender: Sender
    options: CallOptions
    client_key: str
    table: ClientTable | None

    @property
    def partner_id(self) -> str:
        return self.options.partner_id or (self.table.partner_id if self.table else self.client_key)

    def token(self) -> str:
        """The one given, or a new one."""
        given = self.options.token_file
        token = read_secret(given) if given else self._new_token()
        if not token.isprintable():
            # Said here: who sends a header repeats a value that cannot be.
            message = "the access token has a character that no header can have"
            raise UsageError(message)
        return token

    def _new_token(self) -> str:
        request = self.sender.token_request()
        response = send(request)
        token = _access_token(response) if response.is_success else None
        if token is None:
            message = f"no token for the call: {request.url} answers {_brief(response)}"
            raise UsageError(message)
        return token

    def signature(self, call: Call) -> str:
        """In the form that is asked for, else in the one agreed with the client."""
        agreed = self.table is not None and self.table.call_signature == "symmetric"
        if agreed if self.options.symmetric is None else self.options.symmetric:
            return symmetric_form.sign(self._secret(), call.string_to_sign(minified(call.body or b"")))
        message = asymmetric_form.string_to_sign(self.client_key, call.timestamp)
        return asymmetric_form.sign(self.sender.private_key(), message)

    def _secret(self) -> bytes:
        if self.options.client_secret_file:
            return read_secret(self.options.client_secret_file).encode()
        if self.table and self.table.client_secret_file:
            return self.table.client_secret_file[0]
        message = "name --client-secret-file, or client_secret_file in the settings"
        raise UsageError(message)


def signed_call(sender: Sender, options: CallOptions) -> SignedRequest:
    """The call, signed now: to the merchant itself, or as a proxy asks this server about it.

    Raises:
        MisuseError: something is missing, or there is no token to be had.
    """
    _require_one_standard_input(sender, options)
    if not sender.client_key or bool(options.path) == bool(options.url):
        message = "name --config or --client-key, and one of --path and --url"
        raise UsageError(message)
    player = _Player(sender, options, sender.client_key, _table(sender))
    url = _sent(options.url) if options.url else None
    uri = url.raw_path.decode() if url else options.path or ""
    body = read_body(options.body)
    call = Call(options.method, uri, player.token(), render(assembly.system_clock()), body.encode())
    headers = {
        **({"Content-Type": "application/json"} if body else {}),
        "Authorization": f"Bearer {call.access_token}",
        "X-TIMESTAMP": call.timestamp,
        "X-PARTNER-ID": player.partner_id,
        "X-SIGNATURE": player.signature(call),
        "X-EXTERNAL-ID": options.external_id or uuid4().hex,
    }
    if url:
        return SignedRequest(str(url), headers, body, options.method, ca_file=sender.options.ca_file)
    return _question(_internal(sender), call, headers, body)


def _access_token(answer: httpx.Response) -> str | None:
    """The token of a SNAP answer; None if it is none, as where another program listens."""
    try:
        token = answer.json()["accessToken"]
    except (ValueError, LookupError, TypeError):
        return None
    return token if isinstance(token, str) else None


def _brief(answer: httpx.Response) -> str:
    """Status and body on one line, cut off where no SNAP answer goes on."""
    return f"{answer.status_code} {' '.join(answer.text.split())}"[:_LONGEST_ANSWER]


def _question(internal: Internal, call: Call, headers: dict[str, str], body: str) -> SignedRequest:
    """What a proxy asks the internal listener about the call."""
    prefix, uri = ("X-Forwarded", "Uri") if internal.call_headers == "x-forwarded" else ("X-Original", "URI")
    return SignedRequest(
        url=f"{sockets.origin(internal.host, internal.port)}{AUTHORIZE}",
        headers={**headers, f"{prefix}-Method": call.method, f"{prefix}-{uri}": call.uri},
        body=body,
        method="POST" if body else "GET",
        secret_headers={PROXY_SECRET: f"Bearer {internal.secrets[0].decode()}"} if internal.secrets else {},
    )


def _internal(sender: Sender) -> Internal:
    if not sender.settings or not sender.settings.internal:
        message = "--path asks the internal listener, and there is none: add [internal] to the settings, or name --url"
        raise UsageError(message)
    return sender.settings.internal


def _table(sender: Sender) -> ClientTable | None:
    tables = sender.settings.clients if sender.settings else ()
    return next((table for table in tables if table.id == sender.client_key), None)


def _sent(url: str) -> httpx.URL:
    """The URL as it goes over the wire, escaped and without dot segments: just that path is signed."""
    try:
        return httpx.URL(url).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        message = f"nothing can be sent to {url}: {error}"
        raise UsageError(message) from error


def _require_one_standard_input(sender: Sender, options: CallOptions) -> None:
    files = (sender.options.private_key, options.body, options.token_file, options.client_secret_file)
    if files.count(STANDARD_INPUT) > 1:
        message = "standard input is one file: only one option can be -"
        raise UsageError(message)
