"""Small documents of one operation, served without a socket, and what their function is called with."""

import asyncio
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from starlette.types import ASGIApp

from handlers.request_limits import RequestLimits
from handlers.server.openapi.api import Api
from handlers.server.openapi.application import application
from handlers.services import Services
from tests.merchant import Clock

Node = dict[str, Any]


def operation(operation_id: str = "act", **keywords: object) -> Node:
    """An operation without parameters and body, and what else it is to say."""
    return {"operationId": operation_id, "responses": {"200": {"description": "Done"}}, **keywords}


def document(*, path: str = "/things", item: Node | None = None, **keywords: object) -> Node:
    """A document of one path, whose one operation says this."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "paths": {path: item or {"post": {**operation(), **keywords}}},
    }


def parameter(name: str = "limit", place: str = "query", schema: Node | None = None, **keywords: object) -> Node:
    """A document whose operation has one parameter, of integers unless said otherwise."""
    described = {"name": name, "in": place, "schema": schema or {"type": "integer"}, **keywords}
    return document(parameters=[described])


def json_member(schema: Node, **keywords: object) -> Node:
    """A document whose body is an object in JSON with one member, `a`."""
    return json_body({"type": "object", "properties": {"a": schema}, **keywords})


def json_body(schema: Node, *, required: bool = True) -> Node:
    """A document whose body is JSON of this schema."""
    return body({"application/json": {"schema": schema}}, required=required)


def body(content: Node, *, required: bool = True) -> Node:
    """A document whose body is of these media types."""
    return document(requestBody={"required": required, "content": content})


@dataclass
class Served:
    """An application, and the arguments of each call of its function."""

    app: ASGIApp
    calls: list[Mapping[str, object]] = field(default_factory=list)

    def ask(
        self,
        target: str = "/things",
        body: bytes = b"",
        *,
        method: str = "POST",
        headers: Sequence[tuple[str, str]] = (),
    ) -> httpx.Response:
        """Send one request."""

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://merchant.example") as client:
                return await client.request(method, target, headers=list(headers), content=body)

        return asyncio.run(exchange())

    def outcome(
        self,
        target: str = "/things",
        body: bytes = b"",
        *,
        method: str = "POST",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Any:  # noqa: ANN401  whatever a test compares it with
        """The arguments that the function is called with, or the responseCode and the field of a refusal."""
        response = self.ask(target, body, method=method, headers=headers)
        if response.status_code == httpx.codes.OK:
            return self.calls[-1]
        answer = response.json()
        return answer["responseCode"], answer["responseMessage"]


def _no_services() -> Services:
    class OnlyAClock:
        now = Clock()
        audit_trail = None
        request_limits = RequestLimits()

    return OnlyAClock()  # type: ignore[return-value]  # Nothing else is asked for.


def served(content: Node, folder: Path, **parts: Any) -> Served:  # noqa: ANN401  fields of an Api
    """Serve a document. Its functions take anything, and say nothing; `parts` are the rest of its Api."""
    file = folder / "document.yaml"
    file.write_text(yaml.safe_dump(copy.deepcopy(content), sort_keys=False))
    calls: list[Mapping[str, object]] = []

    async def act(_services: Services, **arguments: object) -> Mapping[str, object]:
        calls.append(arguments)
        return {}

    api = Api(
        document=file,
        base_path=parts.pop("base_path", ""),
        functions=parts.pop("functions", {"act": act, "other": act}),
        events={},
        subject="thing",
        service_code=lambda _path, _headers, _refused: "99",
        challenge=lambda _path, _refused: {},
        request_fields=lambda _headers, _now: {},
        **parts,
    )
    return Served(application(api, _no_services), calls)
