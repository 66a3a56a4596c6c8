"""FastAPI on stock uvicorn. It validates headers and body; the rest is the work of the floor."""

from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI, Header  # type: ignore[import-not-found]  # in its own environment
from pydantic import BaseModel
from starlette.responses import Response

from tests.bench.contestants import place, work

_ISSUER = work.Issuer()


class TokenRequest(BaseModel):
    grantType: Literal["client_credentials"]  # noqa: N815  the contract's name
    additionalInfo: dict[str, Any] | None = None  # noqa: N815


async def issue(
    _body: TokenRequest,
    x_timestamp: Annotated[str, Header(pattern=work.TIMESTAMP)],
    x_client_key: Annotated[str, Header(pattern=work.CLIENT_KEY)],
    x_signature: Annotated[str, Header(pattern=work.SIGNATURE)],
) -> Response:
    status, content = _ISSUER.decide(x_timestamp, x_client_key, x_signature)
    headers = {"cache-control": "no-store", "x-timestamp": work.server_time(), "x-client-key": x_client_key}
    return Response(content, status, headers, media_type="application/json")


if __name__ == "__main__":
    app = FastAPI()
    app.post(place.PATH)(issue)
    uvicorn.run(app, port=place.port(), loop="uvloop", http="httptools", log_config=None, access_log=False)
