"""The merchant's own API: what of it is not in its document."""

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
_OURS = frozenset({*_PAIR.values(), b"x-original-delivery"})
_WRONG_SECRET = "secret.wrong"  # noqa: S105  a reason, no secret
_PLAIN_BEARER = {"WWW-Authenticate": "Bearer"}


def service_code_of(services: Callable[[], Mapping[str, Service]]) -> Callable[[str, RequestHeaders, SnapError], str]:
    """How to find the service code of a refusal, from the merchant's services of that moment."""

    def service_code(path: str, sent: RequestHeaders, refused: SnapError) -> str:
        """That of the call's path; 00 where the call, or its path, is not known, or who asks is no proxy of ours."""
        uri = sent.get(_URI)
        if path != AUTHORIZE or refused.reason == _WRONG_SECRET or _URI in sent.repeated:
            return NO_SERVICE
        service = services().get(uri.partition("?")[0])
        return service.code if service else NO_SERVICE

    return service_code


def bearer_check(secrets: Callable[[], Sequence[bytes]], header: str) -> Check:
    """A check for `Bearer <secret>` in a header, in constant time. If there is no secret, everybody passes."""

    def check(value: str) -> Mapping[str, object]:
        scheme, _, given = value.partition(" ")
        known = secrets()
        # Every secret is compared, so the time taken does not tell which of them it was.
        verdicts = [compare_digest(given.encode("latin-1"), secret) for secret in known]
        if known and not (scheme.lower() == "bearer" and any(verdicts)):
            raise SnapError(UNAUTHORIZED, field=header, reason=_WRONG_SECRET, headers=_PLAIN_BEARER)
        return {}

    return Check(check)


def _hand_over(authorization: str) -> Mapping[str, object]:
    return {"authorization": authorization or None}


HAND_OVER = Check(_hand_over, frozenset({"authorization"}), hands_over=True)
"""The call's own token: the function judges it in its turn, and whether the call needs one."""


class ForwardedCall:
    """A layer that reads X-Forwarded-Method and -Uri as X-Original-Method and -URI, and drops what came as these.

    It drops X-Original-Delivery too: only nginx sets it, and nginx uses the other pair.
    """

    def __init__(self, app: ASGIApp) -> None:
        """`app` reads X-Original-Method and X-Original-URI."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rename the headers of one request."""
        if "headers" in scope:
            kept = [(name, value) for name, value in scope["headers"] if name not in _OURS]
            scope = {**scope, "headers": [(_PAIR.get(name, name), value) for name, value in kept]}
        await self._app(scope, receive, send)
