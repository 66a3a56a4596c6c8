"""Whether a call is genuine: an independent implementation of the rules of all forms. It has no clock and no state.

Header names are in lower case. A header that is empty counts as absent.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest

from tests.calls import PARTNER, SECRET
from tests.forms import CALLED_SERVICES
from tests.internal import SYMMETRIC
from tests.nicepay import CLIENT_KEY, Nicepay

Headers = Mapping[str, str]

ASYMMETRIC_TOKEN, SYMMETRIC_TOKEN, NOTIFICATION, BODY_SIGNED = FORMS = (
    "token, asymmetric",
    "token, symmetric",
    "notification",
    "body-signed",
)
_TELLING = {"authorization", "x-client-key", "x-partner-id"}
_HEADERS_OF = {
    "token": {"authorization", "x-partner-id"},
    "notification": {"x-client-key"},
    "body-signed": {"x-partner-id"},
}
_PARTNERS = {
    ASYMMETRIC_TOKEN: {PARTNER},
    SYMMETRIC_TOKEN: {SYMMETRIC},
    BODY_SIGNED: {PARTNER, SYMMETRIC},  # Both clients have the same public key.
}


def form_of(accepted: Collection[str], headers: Headers) -> str | None:
    """The accepted form that has exactly these headers. A service of calls with a token ignores X-CLIENT-KEY."""
    ignored = {"x-client-key"} if set(accepted) == {"token"} else set()
    present = {name for name in _TELLING - ignored if headers.get(name)}
    for form in accepted:
        if present == _HEADERS_OF[form] and (form == "notification" or headers.get("x-external-id")):
            return form
    return None


def named_form(headers: Headers) -> str | None:
    """Which of the four forms a call has by its path and its headers. Its token tells nothing here."""
    service = CALLED_SERVICES.get(headers.get("x-original-uri", "").partition("?")[0])
    form = form_of(service.forms, headers) if service else None
    if form == "token":
        return SYMMETRIC_TOKEN if headers["x-partner-id"] == SYMMETRIC else ASYMMETRIC_TOKEN
    return form


@dataclass(frozen=True)
class Acquirers:
    """The two clients that make genuine calls: their keys, and the form of the calls with each token."""

    nicepay: Nicepay
    notifier: Nicepay
    tokens: Mapping[str, str]

    def genuine_form(self, accepted: Collection[str], headers: Headers, body: bytes) -> str | None:
        """The form of a genuine call. None if the call is not genuine."""
        form = form_of(accepted, headers)
        if form == "token":
            form = self.tokens.get(headers["authorization"].removeprefix("Bearer "))
        if form is None or not _names_its_client(form, headers):
            return None
        return form if headers.get("x-signature") == self.signature(form, headers, body) else None

    def signature(self, form: str, headers: Headers, body: bytes) -> str:
        """The signature that a call of this form must have."""
        timestamp = headers.get("x-timestamp", "")
        if form in {ASYMMETRIC_TOKEN, NOTIFICATION}:
            return (self.nicepay if form == ASYMMETRIC_TOKEN else self.notifier).signature(timestamp, CLIENT_KEY)
        hashed = sha256(body).hexdigest()
        place = f"{headers.get('x-original-method')}:{headers.get('x-original-uri')}"
        if form == BODY_SIGNED:
            return self.nicepay.signature_of(f"{place}:{hashed}:{timestamp}")
        token = headers.get("authorization", "").removeprefix("Bearer ")
        message = f"{place}:{token}:{hashed}:{timestamp}"
        return b64encode(digest(SECRET, message.encode(), "sha512")).decode()


def _names_its_client(form: str, headers: Headers) -> bool:
    if form == NOTIFICATION:
        return headers["x-client-key"] == CLIENT_KEY
    return headers["x-partner-id"] in _PARTNERS[form]
