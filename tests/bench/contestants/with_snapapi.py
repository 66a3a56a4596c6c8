"""The PyPI package `snapapi` with its application, route, models and crypto, on stock uvicorn and without its log.

With the argument `thread`, the crypto runs in a thread, as in its demo. Otherwise it runs in the event loop, which is
faster.
"""

import sys
from typing import Annotated, Any

import uvicorn
from asyncer import asyncify  # type: ignore[import-not-found]  # in its own environment
from fastapi import APIRouter, Header, Request  # type: ignore[import-not-found]
from snapapi import SNAPAPI, SNAPCrypto, SNAPRoute  # type: ignore[import-not-found]
from snapapi.model.oauth2 import Oauth2HeaderRequest, Oauth2Request, Oauth2Response  # type: ignore[import-not-found]

from tests.bench.contestants import place

_CRYPTO = SNAPCrypto(
    client_id=place.CLIENT_KEY,
    client_secret="secret",  # noqa: S106  the package requires a value and does not use it
    public_cert=place.text(place.CLIENT_PEM),
    token_passphrase=place.text(place.TOKEN_KEYS) * 2,
)


async def as_its_demo(headers: Annotated[Oauth2HeaderRequest, Header()], _body: Oauth2Request) -> dict[str, Any]:
    return {"accessToken": await asyncify(_CRYPTO.create_access_token)(request_headers=dict(headers))}


async def in_the_loop(
    request: Request, _headers: Annotated[Oauth2HeaderRequest, Header()], _body: Oauth2Request
) -> dict[str, Any]:
    return {"accessToken": _CRYPTO.create_access_token(request_headers=dict(request.headers))}


if __name__ == "__main__":
    router = APIRouter(route_class=SNAPRoute)
    router.post(place.PATH, response_model=Oauth2Response)(as_its_demo if "thread" in sys.argv else in_the_loop)
    app = SNAPAPI()
    app.include_router(router)
    uvicorn.run(app, port=place.port(), loop="uvloop", http="httptools", log_config=None, access_log=False)
