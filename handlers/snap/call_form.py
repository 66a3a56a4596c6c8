"""The forms of the calls that reach the merchant, and which one the headers of a call tell.

- `token`: with an access token, signed as `call_signature` of the client says (NICEPAY, NICO and NIVA; ASPI, symmetric
  signature).
- `notification`: without a token, signed over `client id|X-TIMESTAMP` with a key for notifications (NICEPAY,
  notifications).
- `body-signed`: without a token, signed over method, URI, body and time (ASPI, asymmetric signature without token).
"""

from collections.abc import Sequence
from typing import Literal

from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError

CallForm = Literal["token", "notification", "body-signed"]

TOKEN_ALONE: tuple[CallForm, ...] = ("token",)
"""What a service admits unless the settings say otherwise."""

_OWN_HEADERS: dict[CallForm, str] = {
    "token": "Authorization",
    "notification": "X-CLIENT-KEY",
    "body-signed": "X-PARTNER-ID",
}


def form_of_call(
    admitted: Sequence[CallForm], authorization: str | None, client_key: str | None, partner_id: str | None
) -> CallForm:
    """Tell the form of a call by its headers. A call never gets the rule of a form that the service does not admit.

    An empty header counts as absent. A service that admits only calls with a token judges every call as one, so it
    ignores X-CLIENT-KEY, and a call without a token is refused for that. Every other service refuses a call that has
    the headers of two forms.

    Raises:
        SnapError: 400 01, naming the header that does not belong to the call; 400 02, naming the headers of which the
            call lacks one.
    """
    if admitted == TOKEN_ALONE:
        return "token"
    if authorization:
        return _sole("token", admitted, {"X-CLIENT-KEY": client_key})
    if client_key:
        return _sole("notification", admitted, {"X-PARTNER-ID": partner_id})
    if partner_id and "body-signed" in admitted:
        return "body-signed"
    if "token" in admitted:  # The token is missing, and the rule of this form says so.
        return "token"
    wanted = " or ".join(_OWN_HEADERS[form] for form in _OWN_HEADERS if form in admitted)
    raise SnapError(INVALID_MANDATORY_FIELD, field=wanted, reason="header.missing")


def require_complete(form: CallForm, partner_id: str | None, external_id: str | None) -> None:
    """Require the headers that the form needs, beside those that all forms have.

    Raises:
        SnapError: 400 02, naming the header that is absent or empty.
    """
    if form == "notification":
        return
    for name, value in (("X-PARTNER-ID", partner_id), ("X-EXTERNAL-ID", external_id)):
        if not value:
            raise SnapError(INVALID_MANDATORY_FIELD, field=name, reason="header.missing")


def _sole(form: CallForm, admitted: Sequence[CallForm], of_another_form: dict[str, str | None]) -> CallForm:
    if form not in admitted:
        raise SnapError(INVALID_FIELD_FORMAT, field=_OWN_HEADERS[form], reason="call.form_not_admitted")
    for name, value in of_another_form.items():
        if value:
            raise SnapError(INVALID_FIELD_FORMAT, field=name, reason="call.headers_of_two_forms")
    return form
