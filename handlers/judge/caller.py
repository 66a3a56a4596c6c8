"""Makes the calls with which the judge tests a protected endpoint: genuine ones, and ones with a single fault."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from secrets import token_bytes
from typing import Literal
from uuid import uuid4

from handlers.judge.exchange import CLIENT_KEY, CONTENT_TYPE, SIGNATURE, TIMESTAMP, Request
from handlers.judge.signer import Signer
from handlers.snap import call as symmetric_form
from handlers.snap.call import Call, minified
from handlers.snap.particulars import USUAL, Particulars
from handlers.snap.service import UNNAMED, Service
from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

AUTHORIZATION = "Authorization"
PARTNER_ID = "X-PARTNER-ID"
EXTERNAL_ID = "X-EXTERNAL-ID"
CHANNEL_ID = "CHANNEL-ID"
ORIGIN = "ORIGIN"

SignedForm = Literal["asymmetric", "symmetric", "notification", "body-signed"]
"""The four forms of call. The first two are calls with a token (see `CallForm`)."""

WITH_TOKEN: frozenset[SignedForm] = frozenset({"asymmetric", "symmetric"})
COVERS_BODY: frozenset[SignedForm] = frozenset({"symmetric", "body-signed"})
"""Forms whose signature covers method, path and body."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint that is judged. `uri` is the path with its query, as it is sent. `body` is the genuine body.

    `service` is what the settings of the endpoint's server say about the path.
    """

    uri: str
    method: str
    body: bytes
    service: Service = UNNAMED


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that calls. Keys, secret and token stay out of every report.

    For a notification, the private key of the signer is the notification key. `particulars` are those that the server
    expects of this client. `channel_id` comes before theirs.
    """

    form: SignedForm
    signer: Signer
    endpoint: Endpoint
    partner_id: str
    channel_id: str = ""
    token: str = field(default="", repr=False)
    client_secret: bytes = field(default=b"", repr=False)
    particulars: Particulars = USUAL

    @property
    def may_leave_token_out(self) -> bool:
        """Whether the same signature is genuine with and without a token, because it covers none."""
        return self.particulars.empty_token_slot and "body-signed" in self.endpoint.service.forms

    def with_unknown_keys(self) -> "Caller":
        """Return a caller whose key and secret no server knows."""
        return replace(
            self,
            signer=replace(self.signer, private_key=self.signer.unknown_key),
            client_secret=b64encode(token_bytes()),
        )

    def genuine_call(self) -> Request:
        """Return a genuine call, which reaches the service behind the endpoint."""
        return self.signed(self.call())

    def call(self, late: timedelta = timedelta()) -> Call:
        """Return the content of a genuine call, or of one that is signed too late."""
        timestamp = render(self.signer.unused_second() - late)
        token = self.token if self.form in WITH_TOKEN else None
        endpoint = self.endpoint
        return endpoint.service.signed_call(endpoint.method, endpoint.uri, timestamp, endpoint.body, token)

    def signed(self, call: Call, external_id: str = "") -> Request:
        """Return the request of a call that is signed as it is."""
        return self.request(call, self.sign(call), external_id)

    def sign(self, call: Call, form: SignedForm | None = None) -> str:
        """Return the signature of a call, in the caller's own form or in another one."""
        return _SIGN[form or self.form](self, call)

    def request(self, call: Call, signature: str, external_id: str = "") -> Request:
        """Return the request of a call with any signature. Without `external_id` it has a new X-EXTERNAL-ID."""
        client = (
            ((CLIENT_KEY, self.signer.client_key),)
            if self.form == "notification"
            else ((PARTNER_ID, self.partner_id), (EXTERNAL_ID, external_id or self._new_external_id()))
        )
        pinned = ((CHANNEL_ID, self.channel_id or self.particulars.channel_id), (ORIGIN, self.particulars.origin))
        headers = (
            (CONTENT_TYPE, "application/json"),
            *(((AUTHORIZATION, f"Bearer {call.access_token}"),) if call.access_token is not None else ()),
            (TIMESTAMP, call.timestamp),
            (SIGNATURE, signature),
            *client,
            *((name, value) for name, value in pinned if value and self.form != "notification"),
        )
        return Request(headers, call.body or b"", call.method)

    def _new_external_id(self) -> str:
        return self.particulars.external_id(uuid4().int)


def _sign_client_and_time(caller: Caller, call: Call) -> str:
    return sign(caller.signer.private_key, string_to_sign(caller.signer.client_key, call.timestamp))


def _sign_with_secret(caller: Caller, call: Call) -> str:
    return symmetric_form.sign(caller.client_secret, _text(caller, call))


def _sign_with_body(caller: Caller, call: Call) -> str:
    if caller.particulars.empty_token_slot:
        return _sign_with_secret(caller, call)
    return sign(caller.signer.private_key, _text(caller, replace(call, access_token=None)))


def _text(caller: Caller, call: Call) -> bytes:
    return caller.particulars.as_signed(call).string_to_sign(minified(call.body or b""))


_SIGN: Mapping[SignedForm, Callable[[Caller, Call], str]] = {
    "asymmetric": _sign_client_and_time,
    "symmetric": _sign_with_secret,
    "notification": _sign_client_and_time,
    "body-signed": _sign_with_body,
}


def another_body(body: bytes) -> bytes:
    """Return a body with another hash. A JSON object stays one, and has one more member."""
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        members = None
    return json.dumps({**members, "changed": True}).encode() if isinstance(members, dict) else body + b" changed"


def with_flipped_bit(signature: str) -> str:
    """Return the signature with its last bit flipped."""
    raw = b64decode(signature)
    return b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
