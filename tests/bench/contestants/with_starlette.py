"""Starlette on stock uvicorn: the work of the floor behind a route."""

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.contestants import place, work

_ISSUER = work.Issuer()


async def issue(request: Request) -> Response:
    given = request.headers
    client_key = given.get("x-client-key", "")
    status, content = _ISSUER.answer(
        given.get("x-timestamp", ""), client_key, given.get("x-signature", ""), await request.body()
    )
    headers = {"cache-control": "no-store", "x-timestamp": work.server_time(), "x-client-key": client_key}
    return Response(content, status, headers, media_type="application/json")


if __name__ == "__main__":
    app = Starlette(routes=[Route(place.PATH, issue, methods=["POST"])])
    uvicorn.run(app, port=place.port(), loop="uvloop", http="httptools", log_config=None, access_log=False)
