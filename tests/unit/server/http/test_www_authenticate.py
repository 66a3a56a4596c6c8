"""The WWW-Authenticate header of each API."""

import pytest

from handlers.server.http.www_authenticate import bearer_challenge, snap_challenge
from handlers.snap import codes
from handlers.snap.codes import INTERNAL_CATALOGUE, ResponseCode, SnapError

UNAUTHORIZED = [code for code in INTERNAL_CATALOGUE if code.status == 401]
OTHERS = [code for code in INTERNAL_CATALOGUE if code.status != 401]


@pytest.mark.parametrize("code", UNAUTHORIZED)
def test_a_401_of_the_public_api_challenges(code: ResponseCode) -> None:
    """Every 401 carries WWW-Authenticate, as HTTP demands."""
    assert snap_challenge(SnapError(code, reason="x")) == {"WWW-Authenticate": 'SNAP realm="access-token"'}


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_else_of_the_public_api_challenges(code: ResponseCode) -> None:
    """Other statuses have no challenge."""
    assert not snap_challenge(SnapError(code, reason="x"))


@pytest.mark.parametrize(
    ("code", "challenge"),
    [
        (codes.TOKEN_NOT_FOUND, "Bearer"),
        (codes.INVALID_TOKEN, 'Bearer error="invalid_token"'),
        (codes.UNAUTHORIZED, 'Bearer error="invalid_request"'),
        (codes.BAD_REQUEST, 'Bearer error="invalid_request"'),
        (codes.INVALID_FIELD_FORMAT, 'Bearer error="invalid_request"'),
        (codes.INVALID_MANDATORY_FIELD, 'Bearer error="invalid_request"'),
    ],
)
def test_the_internal_api_says_what_is_wrong_with_the_credentials(code: ResponseCode, challenge: str) -> None:
    """Without a token there is no error. An invalid token and an invalid request have different errors."""
    assert bearer_challenge(SnapError(code, reason="x")) == {"WWW-Authenticate": challenge}


@pytest.mark.parametrize("code", [code for code in OTHERS if code.status != 400])
def test_nothing_else_of_the_internal_api_challenges(code: ResponseCode) -> None:
    """Other refusals of the internal API have no challenge."""
    assert not bearer_challenge(SnapError(code, reason="x"))
