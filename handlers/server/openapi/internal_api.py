"""The parts of the internal API that its document does not say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.security import Check
from handlers.snap.codes import UNAUTHORIZED, SnapError
from handlers.snap.refusal_members import RefusalMembers, applies_to
from handlers.snap.service import Service

AUTHORIZE = "/authorize"
NO_SERVICE = "00"

_URI = b"x-original-uri"
_PAIR = {b"x-forwarded-method": b"x-original-method", b"x-forwarded-uri": _URI}
_DELIVERY = b"x-original-delivery"
_NEVER_SENT = frozenset({*_PAIR.values(), _DELIVERY})
_WRONG_SECRET = "secret.wrong"  # noqa: S105  a reason, no secret
_PLAIN_BEARER = {"WWW-Authenticate": "Bearer"}
_WRONG_SECRET_LOCATION = {"X-Accel-Redirect": "@wrong_secret"}
"""An internal location of nginx that answers 500. An nginx without this location answers 500 as well."""


@dataclass(frozen=True, slots=True)
class CalledServices:
    """Finds the service of a refused call. `services` returns the current services."""

    services: Callable[[], Mapping[str, Service]]

    def code(self, path: str, headers: RequestHeaders, refused: SnapError) -> str:
        """The service code of a refusal. 00 if there is no service."""
        service = self._find(path, headers, refused)
        return service.code if service else NO_SERVICE

    def refusal_members(self, path: str, headers: RequestHeaders, refused: SnapError) -> RefusalMembers | None:
        """The additional members of a refusal, if the service has any for this status."""
        service = self._find(path, headers, refused) if applies_to(refused.code.status) else None
        return service.refusal_members if service else None

    def _find(self, path: str, headers: RequestHeaders, refused: SnapError) -> Service | None:
        """The service at the call's path. None if the path is unknown, or if the caller may not be our proxy."""
        if path != AUTHORIZE or refused.reason == _WRONG_SECRET or _URI in headers.repeated:
            return None
        return self.services().get(headers.get(_URI).partition("?")[0])


@dataclass(frozen=True, slots=True)
class WrongSecretRedirect:
    """Tells a proxy that it is refused itself. It must not pass this refusal on, because the caller sent no secret.

    nginx follows the redirect. Other proxies can recognise the refusal by it. `forwarded` says whether the settings are
    for another proxy than nginx: `call_headers = "x-forwarded"`.
    """

    forwarded: bool

    def headers(self, path: str, headers: RequestHeaders, refused: SnapError) -> Mapping[str, str]:
        """The additional headers of a refusal."""
        refuses_proxy = path == AUTHORIZE and refused.reason == _WRONG_SECRET
        return _WRONG_SECRET_LOCATION if refuses_proxy and (self.forwarded or headers.get(_DELIVERY)) else {}


def bearer_check(secrets: Callable[[], Sequence[bytes]], header: str) -> Check:
    """Return a check for `Bearer <secret>` in a header, in constant time. Without secrets, everybody passes.

    The secret may be absent only if the settings have none.
    """

    def check(value: str) -> Mapping[str, object]:
        scheme, _, given = value.partition(" ")
        known = secrets()
        # Every secret is compared, so that the time does not reveal which one matched.
        verdicts = [compare_digest(given.encode("latin-1"), secret) for secret in known]
        if known and not (scheme.lower() == "bearer" and any(verdicts)):
            raise SnapError(UNAUTHORIZED, field=header, reason=_WRONG_SECRET, headers=_PLAIN_BEARER)
        return {}

    return Check(check, may_be_absent=True)


def _hand_over(authorization: str) -> Mapping[str, object]:
    return {"authorization": authorization or None}


HAND_OVER = Check(_hand_over, frozenset({"authorization"}), may_be_absent=True)
"""Passes the token of the call to the function, which judges it and knows whether the call needs one."""


class ForwardedCall:
    """A middleware that renames X-Forwarded-Method and -Uri to X-Original-Method and -URI.

    It drops the X-Original headers that the request already has, because only nginx may set them.
    """

    def __init__(self, app: ASGIApp) -> None:
        """`app` reads X-Original-Method and X-Original-URI."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rename the headers of one request."""
        if "headers" in scope:
            others = [(name, value) for name, value in scope["headers"] if name not in _NEVER_SENT]
            scope = {**scope, "headers": [(_PAIR.get(name, name), value) for name, value in others]}
        await self._app(scope, receive, send)
