"""WWW-Authenticate: what a refusal for want of credentials must carry (RFC 9110, section 15.5.2), API by API."""

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
    """Of the public API: one challenge on every 401, on nothing else."""
    return _SNAP if error.code.status == HTTPStatus.UNAUTHORIZED else _NONE


def bearer_challenge(error: SnapError) -> Mapping[str, str]:
    """Of the internal API (RFC 6750, section 3.1): a 400 or 401 names an error, if there were credentials."""
    if error.code == TOKEN_NOT_FOUND:
        return _BEARER
    if error.code == INVALID_TOKEN:
        return _INVALID_TOKEN
    return _INVALID_REQUEST if error.code.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED) else _NONE
