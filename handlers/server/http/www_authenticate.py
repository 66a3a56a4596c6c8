"""The WWW-Authenticate header, which every 401 must have (RFC 9110, section 15.5.2)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from handlers.snap.codes import INVALID_TOKEN, TOKEN_NOT_FOUND, SnapError

_NONE: Mapping[str, str] = MappingProxyType({})
_SNAP = MappingProxyType({"WWW-Authenticate": 'SNAP realm="access-token"'})
_BEARER = MappingProxyType({"WWW-Authenticate": "Bearer"})
_INVALID_TOKEN = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})
_INVALID_REQUEST = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_request"'})


def snap_challenge(error: SnapError) -> Mapping[str, str]:
    """The header for the public API: one challenge on every 401, and none on other answers."""
    return _SNAP if error.code.status == HTTPStatus.UNAUTHORIZED else _NONE


def bearer_challenge(error: SnapError) -> Mapping[str, str]:
    """The header for the internal API (RFC 6750, section 3.1): 400 and 401 name an error if the call had a token."""
    if error.code == TOKEN_NOT_FOUND:
        return _BEARER
    if error.code == INVALID_TOKEN:
        return _INVALID_TOKEN
    return _INVALID_REQUEST if error.code.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED) else _NONE
