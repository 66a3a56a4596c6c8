"""The floor: a hand-written ASGI application on the product's HTTP server, without any framework."""

from starlette.types import Message, Receive, Scope, Send

from handlers.server.process import uvicorn_server
from tests.bench.contestants import place, work
from tests.listening import listening_on

_NEEDED = frozenset({b"x-timestamp", b"x-client-key", b"x-signature"})
_ISSUER = work.Issuer()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _run_lifespan(receive, send)
        return
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _NEEDED}
    client_key = headers.get(b"x-client-key", "")
    body = await _body(receive)
    if scope["path"] == place.PATH and scope["method"] == "POST":
        answer = _ISSUER.answer(headers.get(b"x-timestamp", ""), client_key, headers.get(b"x-signature", ""), body)
    else:
        answer = (404, b"{}")
    await _send(send, *answer, client_key)


async def _run_lifespan(receive: Receive, send: Send) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})


async def _body(receive: Receive) -> bytes:
    message: Message = await receive()
    body: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _send(send: Send, status: int, content: bytes, client_key: str) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-timestamp", work.server_time().encode()),
        (b"content-length", str(len(content)).encode()),
        (b"x-client-key", client_key.encode("latin-1")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


if __name__ == "__main__":
    uvicorn_server.make_server(app).run(sockets=[listening_on("127.0.0.1", place.port())])
