"""What the internal document does not say of itself."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.internal_api import (
    HAND_OVER,
    CalledServices,
    ForwardedCall,
    WrongSecretRedirect,
    bearer_check,
)
from handlers.snap.codes import NOT_FOUND, UNAUTHORIZED, SnapError
from handlers.snap.service import Service

CODES = {"/a": Service("24")}
REFUSED = SnapError(NOT_FOUND, reason="path.unmapped")
URI = b"x-original-uri"


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/authorize", [(URI, b"/a")], "24"),
        ("/authorize", [(URI, b"/a?b=/c")], "24"),
        ("/authorize", [(URI, b"/a/")], "00"),
        ("/authorize", [(URI, b"/a?\xe9")], "24"),
        ("/authorize", [(URI, b"/\xe9")], "00"),
        ("/authorize", [(URI, b"/a"), (URI, b"/a")], "00"),
        ("/authorize", [], "00"),
        ("/revoke", [(URI, b"/a")], "00"),
    ],
)
def test_a_refusal_has_the_service_code_of_the_call(path: str, headers: list[tuple[bytes, bytes]], code: str) -> None:
    """The code of the call's path. 00 if the URI is absent, repeated or not mapped, or if there is no call."""
    assert CalledServices(lambda: CODES).code(path, RequestHeaders.of(headers), REFUSED) == code


def test_a_caller_without_the_secret_learns_no_service_code() -> None:
    """A wrong secret gets service code 00 for every path."""
    with pytest.raises(SnapError) as refusal:
        bearer_check(lambda: [b"secret"], "X").verify("Bearer wrong")
    assert CalledServices(lambda: CODES).code("/authorize", RequestHeaders.of([(URI, b"/a")]), refusal.value) == "00"


@pytest.mark.parametrize(
    ("path", "reason", "forwarded", "headers", "redirected"),
    [
        ("/authorize", "secret.wrong", False, [(b"x-original-delivery", b"accel-redirect")], True),
        ("/authorize", "secret.wrong", True, [], True),
        ("/authorize", "secret.wrong", False, [], False),
        ("/introspect", "secret.wrong", True, [], False),
        ("/authorize", "token.absent", True, [], False),
    ],
)
def test_the_refusal_of_a_proxy_has_a_redirect(
    path: str, reason: str, headers: list[tuple[bytes, bytes]], *, forwarded: bool, redirected: bool
) -> None:
    """Only the refusal of the secret at /authorize tells the proxy not to pass it on."""
    refused = SnapError(UNAUTHORIZED, reason=reason)
    redirect = WrongSecretRedirect(forwarded).headers(path, RequestHeaders.of(headers), refused)
    assert redirect == ({"X-Accel-Redirect": "@wrong_secret"} if redirected else {})


def test_service_codes_follow_the_current_settings() -> None:
    """If the settings map a path later, its code is used from then on."""
    codes: dict[str, Service] = {}
    service_code = CalledServices(lambda: codes).code
    sent = RequestHeaders.of([(URI, b"/a")])
    assert service_code("/authorize", sent, REFUSED) == "00"
    codes["/a"] = Service("25")
    assert service_code("/authorize", sent, REFUSED) == "25"


@pytest.mark.parametrize("value", ["Bearer s\u00e9cret", "bEARER s\u00e9cret"])
def test_the_right_secret_is_accepted(value: str) -> None:
    """The secret must be equal. The scheme may have any case. The function does not get the secret."""
    assert bearer_check(lambda: ["s\u00e9cret".encode("latin-1")], "X").verify(value) == {}


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic secret", "secret", "Bearer secret "])
def test_a_wrong_secret_is_refused(value: str) -> None:
    """Every wrong secret gets the same answer. It names the header, and has a challenge without parameters."""
    with pytest.raises(SnapError) as refusal:
        bearer_check(lambda: [b"secret"], "X").verify(value)
    assert (refusal.value.code, refusal.value.field) == (UNAUTHORIZED, "X")
    assert refusal.value.headers == {"WWW-Authenticate": "Bearer"}


def test_two_secrets_pass_while_one_takes_the_other_s_place() -> None:
    """Both secrets are accepted, in either order. A removed secret is refused at once."""
    secrets = [b"new", b"old"]
    check = bearer_check(lambda: secrets, "X").verify
    assert check("Bearer new") == check("Bearer old") == {}
    secrets.remove(b"old")
    assert check("Bearer new") == {}
    with pytest.raises(SnapError):
        check("Bearer old")


@pytest.mark.parametrize("value", ["", "Bearer x", "x"])
def test_without_a_secret_every_caller_is_accepted(value: str) -> None:
    """If no secret is set, every caller is accepted."""
    assert bearer_check(tuple, "X").verify(value) == {}


def test_the_token_of_a_call_is_handed_over() -> None:
    """The function gets the header unchanged. An empty header counts as absent."""
    assert HAND_OVER.verify("Bearer x") == {"authorization": "Bearer x"}
    assert HAND_OVER.verify("") == {"authorization": None}


def _read(scope: Scope) -> Scope:
    """The scope that the next application gets."""
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None:
        """Discard the message."""

    asyncio.run(ForwardedCall(app)(scope, receive, send))
    return seen[0]


def test_the_forwarded_pair_takes_the_place_of_the_other() -> None:
    """X-Original-* of the caller is dropped. Repeated headers stay repeated, and other headers stay unchanged."""
    headers = [
        (b"x-original-uri", b"/theirs"),
        (b"x-forwarded-uri", b"/a"),
        (b"x-original-method", b"PUT"),
        (b"x-forwarded-method", b"GET"),
        (b"x-forwarded-uri", b"/b"),
        (b"x-forwarded-for", b"c"),
    ]
    read = _read({"type": "http", "headers": headers})["headers"]
    assert read == [
        (b"x-original-uri", b"/a"),
        (b"x-original-method", b"GET"),
        (b"x-original-uri", b"/b"),
        (b"x-forwarded-for", b"c"),
    ]


def test_what_has_no_headers_passes() -> None:
    """A lifespan message is passed on unchanged."""
    assert _read({"type": "lifespan"}) == {"type": "lifespan"}
