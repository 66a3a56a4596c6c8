"""The access token in the Authorization header."""

import pytest

from handlers.snap.bearer import bearer_token
from handlers.snap.codes import INVALID_TOKEN, TOKEN_NOT_FOUND, SnapError

TOKEN = "gAAAAABpcbEB-_.~+/=="


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
def test_the_token_follows_the_scheme(scheme: str) -> None:
    """The scheme may have any case, and several spaces may follow it. The rest is the token."""
    assert bearer_token(scheme + TOKEN) == TOKEN


@pytest.mark.parametrize("authorization", [None, ""])
def test_no_header_is_no_token(authorization: str | None) -> None:
    """An absent or empty header gives "token not found"."""
    with pytest.raises(SnapError) as refusal:
        bearer_token(authorization)
    assert (refusal.value.code, refusal.value.reason) == (TOKEN_NOT_FOUND, "token.absent")


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        " ",
        TOKEN,
        "Basic YTpi",
        f"Bearer{TOKEN}",
        f"Bearer\t{TOKEN}",
        f" Bearer {TOKEN}",
        f"Bearer {TOKEN} ",
        f"Bearer {TOKEN}\n",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        f"Bearer {TOKEN}A",
        "Bearer =",
        "Bearer t\u00f6ken",
        "Bea\u0280er " + TOKEN,
    ],
)
def test_anything_else_is_an_invalid_token(authorization: str) -> None:
    """Anything but one token after the scheme is refused. No part of it counts as a token."""
    with pytest.raises(SnapError) as refusal:
        bearer_token(authorization)
    assert (refusal.value.code, refusal.value.reason) == (INVALID_TOKEN, "authorization.malformed")
