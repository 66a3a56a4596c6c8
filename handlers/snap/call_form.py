"""The forms of the calls that reach the merchant. The headers of a call tell which form it has.

- `token`: with an access token. `call_signature` of the client says how it is signed (NICEPAY, NICO and NIVA; ASPI,
  symmetric signature).
- `notification`: without a token. A notification key signs `client id|X-TIMESTAMP` (NICEPAY, notifications).
- `body-signed`: without a token. The client's key signs method, URI, body and time (ASPI, asymmetric signature without
  token).
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError

CallForm = Literal["token", "notification", "body-signed"]

_OWN_HEADERS: Mapping[CallForm, str] = {
    "token": "Authorization",
    "notification": "X-CLIENT-KEY",
    "body-signed": "X-PARTNER-ID",
}


def form_of_call(
    accepted: Sequence[CallForm], authorization: str | None, client_key: str | None, partner_id: str | None
) -> CallForm:
    """Return the form of a call. Its headers tell it, and an empty header counts as absent.

    A call never gets the rule of a form that its service does not accept. A service that accepts only `token` treats
    every call as one with a token, and ignores X-CLIENT-KEY. Any other service refuses a call with the headers of two
    forms.

    Raises:
        SnapError: 400 01, naming the header that does not fit. 400 02, naming the headers of which one is missing.
    """
    if set(accepted) == {"token"}:
        return "token"
    if authorization:
        return _only("token", accepted, {"X-CLIENT-KEY": client_key})
    if client_key:
        return _only("notification", accepted, {"X-PARTNER-ID": partner_id})
    if partner_id and "body-signed" in accepted:
        return "body-signed"
    if "token" in accepted:  # The token is missing. The rule of this form says so.
        return "token"
    missing = " or ".join(header for form, header in _OWN_HEADERS.items() if form in accepted)
    raise SnapError(INVALID_MANDATORY_FIELD, field=missing, reason="header.missing")


def _only(form: CallForm, accepted: Sequence[CallForm], foreign_headers: Mapping[str, str | None]) -> CallForm:
    if form not in accepted:
        raise SnapError(INVALID_FIELD_FORMAT, field=_OWN_HEADERS[form], reason="call.form_not_accepted")
    for name, value in foreign_headers.items():
        if value:
            raise SnapError(INVALID_FIELD_FORMAT, field=name, reason="call.headers_of_two_forms")
    return form


def require_complete(form: CallForm, partner_id: str | None, external_id: str | None) -> None:
    """Require the headers that the form has and other forms do not.

    Raises:
        SnapError: 400 02, naming the header that is absent or empty.
    """
    if form == "notification":
        return
    for name, value in (("X-PARTNER-ID", partner_id), ("X-EXTERNAL-ID", external_id)):
        if not value:
            raise SnapError(INVALID_MANDATORY_FIELD, field=name, reason="header.missing")
