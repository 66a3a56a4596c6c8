"""Calls in each form, signed as the acquirer signs them. They go to the merchant, or to /authorize of this server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT, read_body, read_secret
from handlers.cli.simulator.call_options import CallOptions, require_used
from handlers.cli.simulator.http_exchange import send
from handlers.cli.simulator.options import Sender
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.config.tables import ClientTable, Internal
from handlers.server.openapi.internal_api import AUTHORIZE
from handlers.server.process import assembly, sockets
from handlers.snap import call as symmetric_form
from handlers.snap import signature as asymmetric_form
from handlers.snap.call import Call, minified
from handlers.snap.call_form import CallForm
from handlers.snap.service import DEFAULT_FORMS
from handlers.snap.timestamp import render

_LONGEST_SUMMARY = 240
"""Characters. The whole body of a SNAP refusal fits, because its message has at most 150."""

PROXY_SECRET = "X-Internal-Authorization"  # noqa: S105  the name of a header

_TARGET_MISSING = "options are missing; add --config or --client-key, and one of --path and --url"


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

    @property
    def channel_id(self) -> str | None:
        return self.options.channel_id or (self.table.channel_id if self.table else None)

    def with_token(self, call: Call) -> Mapping[str, str]:
        """The headers of a call with a token, signed in the form of the options, else in that of the settings."""
        call = replace(call, access_token=self._token())
        return {"Authorization": f"Bearer {call.access_token}", **self._headers(call, self._signature(call))}

    def notification(self, call: Call) -> Mapping[str, str]:
        """The headers of a notification (NICEPAY, notifications)."""
        if not self.sender.options.private_key:
            message = "the notification key signs a notification, and the settings do not name it; add --private-key"
            raise UsageError(message)
        return {
            "X-TIMESTAMP": call.timestamp,
            "X-CLIENT-KEY": self.client_key,
            "X-SIGNATURE": self._key_signature(asymmetric_form.string_to_sign(self.client_key, call.timestamp)),
        }

    def body_signed(self, call: Call) -> Mapping[str, str]:
        """The headers of a body-signed call (ASPI, asymmetric signature without token)."""
        return self._headers(call, self._key_signature(call.string_to_sign(minified(call.body or b""))))

    def _headers(self, call: Call, signature: str) -> Mapping[str, str]:
        return {
            "X-TIMESTAMP": call.timestamp,
            "X-PARTNER-ID": self.partner_id,
            "X-SIGNATURE": signature,
            "X-EXTERNAL-ID": self.options.external_id or uuid4().hex,
            **({"CHANNEL-ID": self.channel_id} if self.channel_id else {}),
        }

    def _token(self) -> str:
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

    def _signature(self, call: Call) -> str:
        by_settings = self.table is not None and self.table.call_signature == "symmetric"
        if by_settings if self.options.symmetric is None else self.options.symmetric:
            return symmetric_form.sign(self._secret(), call.string_to_sign(minified(call.body or b"")))
        return self._key_signature(asymmetric_form.string_to_sign(self.client_key, call.timestamp))

    def _key_signature(self, message: bytes) -> str:
        return asymmetric_form.sign(self.sender.private_key(), message)

    def _secret(self) -> bytes:
        if self.options.client_secret_file:
            return read_secret(self.options.client_secret_file).encode()
        if self.table and self.table.client_secret_file:
            return self.table.client_secret_file[0]
        message = "there is no client secret; add --client-secret-file, or client_secret_file in the settings"
        raise UsageError(message)


_HEADERS: Mapping[CallForm, Callable[[_Caller, Call], Mapping[str, str]]] = {
    "token": _Caller.with_token,
    "notification": _Caller.notification,
    "body-signed": _Caller.body_signed,
}


def signed_call(sender: Sender, options: CallOptions) -> SignedRequest:
    """The call, signed now. With --url it goes to the merchant, with --path to /authorize of this server.

    Raises:
        UsageError: an option is missing, or the form does not use it, or the server does not issue a token.
    """
    _require_one_standard_input(sender, options)
    if not sender.client_key or (options.path and options.url):
        raise UsageError(_TARGET_MISSING)
    url = _parsed(options.url) if options.url else None
    uri = url.raw_path.decode() if url else options.path or _only_path(sender, options.form)
    form = options.form or _form_of(sender, uri)
    require_used(form, options.by_name)
    body = read_body(options.body)
    caller = _Caller(sender, options, sender.client_key, _client_table(sender))
    call = Call(options.method, uri, None, render(assembly.system_clock()), body.encode())
    headers = {**({"Content-Type": "application/json"} if body else {}), **_HEADERS[form](caller, call)}
    if url:
        return SignedRequest(str(url), headers, body, options.method, ca_file=sender.options.ca_file)
    return _authorize_request(_internal_listener(sender), call, headers, body)


def _only_path(sender: Sender, form: CallForm | None) -> str:
    """The path of the only service in the settings, or of the only one that accepts the form."""
    if not sender.settings:
        raise UsageError(_TARGET_MISSING)
    paths = [service.path for service in sender.settings.services if form is None or form in service.forms]
    if len(paths) != 1:
        accepting = f" that accept the form {form}" if form else ""
        message = f"the settings have {len(paths)} services{accepting}; add --path or --url"
        raise UsageError(message)
    return paths[0]


def _form_of(sender: Sender, uri: str) -> CallForm:
    """The form that the service in the settings accepts: `token` if it is one of several, or if there is no service."""
    services = sender.settings.services if sender.settings else ()
    forms = next((service.forms for service in services if service.path == uri.partition("?")[0]), DEFAULT_FORMS)
    return "token" if "token" in forms else forms[0]


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
        # A proxy that forwards no body sends a GET, so an empty body is sent as one.
        method="GET" if call.method == "GET" and not body else "POST",
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
