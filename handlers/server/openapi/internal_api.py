"""The parts of the internal API that its document does not say."""

from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest

from starlette.types import ASGIApp, Receive, Scope, Send

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.security import Check
from handlers.snap.codes import UNAUTHORIZED, SnapError
from handlers.snap.service import Service

AUTHORIZE = "/authorize"
NO_SERVICE = "00"

_URI = b"x-original-uri"
_PAIR = {b"x-forwarded-method": b"x-original-method", b"x-forwarded-uri": _URI}
_NEVER_SENT = frozenset({*_PAIR.values(), b"x-original-delivery"})
_WRONG_SECRET = "secret.wrong"  # noqa: S105  a reason, no secret
_PLAIN_BEARER = {"WWW-Authenticate": "Bearer"}


def service_code_of(services: Callable[[], Mapping[str, Service]]) -> Callable[[str, RequestHeaders, SnapError], str]:
    """Return a function that finds the service code of a refusal. `services` returns the current services."""

    def service_code(path: str, headers: RequestHeaders, refused: SnapError) -> str:
        """The code of the call's path. 00 if the path is unknown, or if the caller has not proved to be our proxy."""
        uri = headers.get(_URI)
        if path != AUTHORIZE or refused.reason == _WRONG_SECRET or _URI in headers.repeated:
            return NO_SERVICE
        service = services().get(uri.partition("?")[0])
        return service.code if service else NO_SERVICE

    return service_code


def bearer_check(secrets: Callable[[], Sequence[bytes]], header: str) -> Check:
    """Return a check for `Bearer <secret>` in a header, in constant time. Without secrets, everybody passes."""

    def check(value: str) -> Mapping[str, object]:
        scheme, _, given = value.partition(" ")
        known = secrets()
        # Every secret is compared, so that the time does not reveal which one matched.
        verdicts = [compare_digest(given.encode("latin-1"), secret) for secret in known]
        if known and not (scheme.lower() == "bearer" and any(verdicts)):
            raise SnapError(UNAUTHORIZED, field=header, reason=_WRONG_SECRET, headers=_PLAIN_BEARER)
        return {}

    return Check(check)


def _hand_over(authorization: str) -> Mapping[str, object]:
    return {"authorization": authorization or None}


HAND_OVER = Check(_hand_over, frozenset({"authorization"}), hands_over=True)
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
