"""Calls in each form, signed as the acquirer signs them. They go to the merchant, or to /authorize of this server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx

from handlers.cli.errors import UsageError
from handlers.cli.files.read_input import STANDARD_INPUT, read_body, read_secret
from handlers.cli.simulator.acquirer import Acquirer
from handlers.cli.simulator.call_options import CallOptions, require_used
from handlers.cli.simulator.http_exchange import send
from handlers.cli.simulator.listener_url import origin_of
from handlers.cli.simulator.options import Sender
from handlers.cli.simulator.signed_request import SignedRequest
from handlers.config.tables import Internal
from handlers.server.openapi.internal_api import AUTHORIZE
from handlers.server.process import assembly
from handlers.snap import call as symmetric_form
from handlers.snap import signature as asymmetric_form
from handlers.snap.call import Call, minified
from handlers.snap.call_form import CallForm
from handlers.snap.timestamp import render

_LONGEST_SUMMARY = 240
"""Characters. The whole body of a SNAP refusal fits, because its message has at most 150."""

PROXY_SECRET = "X-Internal-Authorization"  # noqa: S105  the name of a header

_TARGET_MISSING = "options are missing; add --config or --client-key, and one of --path and --url"


@dataclass(frozen=True, slots=True)
class _Caller:
    """The client that makes the call."""

    sender: Sender
    options: CallOptions
    acquirer: Acquirer

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
            "X-CLIENT-KEY": self.acquirer.client_key,
            "X-SIGNATURE": self._client_signature(call),
        }

    def body_signed(self, call: Call) -> Mapping[str, str]:
        """The headers of a body-signed call (ASPI, asymmetric signature without token).

        The client secret signs it, if the client leaves the token empty between its colons.
        """
        by_secret = self.acquirer.particulars.empty_token_slot
        return self._headers(call, self._secret_signature(call) if by_secret else self._key_signature(self._text(call)))

    def _headers(self, call: Call, signature: str) -> Mapping[str, str]:
        particulars = self.acquirer.particulars
        channel_id = self.options.channel_id or particulars.channel_id
        return {
            "X-TIMESTAMP": call.timestamp,
            "X-PARTNER-ID": self.options.partner_id or self.acquirer.partner_id,
            "X-SIGNATURE": signature,
            "X-EXTERNAL-ID": self.options.external_id or particulars.external_id(uuid4().int),
            **({"CHANNEL-ID": channel_id} if channel_id else {}),
            **({"ORIGIN": particulars.origin} if particulars.origin else {}),
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
        chosen = self.options.symmetric
        by_secret = self.acquirer.is_symmetric if chosen is None else chosen
        return self._secret_signature(call) if by_secret else self._client_signature(call)

    def _client_signature(self, call: Call) -> str:
        return self._key_signature(asymmetric_form.string_to_sign(self.acquirer.client_key, call.timestamp))

    def _secret_signature(self, call: Call) -> str:
        return symmetric_form.sign(self._secret(), self._text(call))

    def _text(self, call: Call) -> bytes:
        """The string to sign of a call whose signature covers the body."""
        return self.acquirer.particulars.as_signed(call).string_to_sign(minified(call.body or b""))

    def _key_signature(self, message: bytes) -> str:
        return asymmetric_form.sign(self.sender.private_key(), message)

    def _secret(self) -> bytes:
        if self.options.client_secret_file:
            return read_secret(self.options.client_secret_file).encode()
        if self.acquirer.secret:
            return self.acquirer.secret
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
    acquirer = Acquirer.of(sender.settings, sender.client_key, uri)
    form = options.form or acquirer.form
    require_used(form, options.by_name, signs_with_secret=acquirer.particulars.empty_token_slot)
    body = read_body(options.body)
    caller = _Caller(sender, options, acquirer)
    call = acquirer.service.signed_call(options.method, uri, render(assembly.system_clock()), body.encode())
    headers = {**({"Content-Type": "application/json"} if body else {}), **_HEADERS[form](caller, call)}
    request = SignedRequest(str(url or uri), headers, body, options.method, ca_file=sender.options.ca_file)
    return request if url else _authorize_request(_internal_listener(sender), request)


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


def _authorize_request(internal: Internal, call: SignedRequest) -> SignedRequest:
    """The request that a proxy sends to the internal listener for this call, whose URL is a path with its query."""
    prefix, uri = ("X-Forwarded", "Uri") if internal.call_headers == "x-forwarded" else ("X-Original", "URI")
    return SignedRequest(
        url=f"{origin_of(internal, 'internal', 'call your proxy with --url in place of --path')}{AUTHORIZE}",
        headers={**call.headers, f"{prefix}-Method": call.method, f"{prefix}-{uri}": call.url},
        body=call.body,
        # A proxy that forwards no body sends a GET, so an empty body is sent as one.
        method="GET" if call.method == "GET" and not call.body else "POST",
        secret_headers={PROXY_SECRET: f"Bearer {internal.secrets[0].decode()}"} if internal.secrets else {},
    )


def _internal_listener(sender: Sender) -> Internal:
    if not sender.settings or not sender.settings.internal:
        message = "--path needs the internal listener; add [internal] to the settings, or use --url"
        raise UsageError(message)
    return sender.settings.internal


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
