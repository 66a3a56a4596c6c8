"""Functions that do not fit their operation."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from handlers.server.openapi.unsupported import UnsupportedError
from tests.documents import Node, body, parameter, served

FORM = "application/x-www-form-urlencoded"
TEXT = {"type": "string"}


async def _without(_services: object) -> Mapping[str, object]:
    return {}


async def _with_limit(_services: object, *, limit: int | None) -> Mapping[str, object]:
    return {"limit": limit}


async def _with_optional_limit(_services: object, limit: int | None = None) -> Mapping[str, object]:
    return {"limit": limit}


async def _with_body(_services: object, body: object) -> Mapping[str, object]:
    return {"body": body}


def _form(*required: str) -> Node:
    schema = {"type": "object", "properties": {"limit": TEXT}}
    return body({FORM: {"schema": {**schema, "required": list(required)} if required else schema}})


@pytest.mark.parametrize(
    ("content", "function", "message"),
    [
        (parameter(), _without, "act: query parameter limit: operationId: its function takes no argument limit"),
        (parameter("page"), _with_limit, "act: query parameter page: operationId: .* no argument page"),
        (body({"application/json": {}}), _with_limit, "act: operationId: its function demands the argument limit"),
        (body({"*/*": {}}), _without, "act: requestBody: operationId: its function takes no argument body"),
        (_form(), _with_limit, "act: operationId: its function demands the argument limit"),
        (_form("limit"), _without, "act: requestBody: operationId: its function takes no argument limit"),
    ],
)
def test_a_function_that_does_not_fit_stops_the_start(
    tmp_path: Path, content: Node, function: Callable[..., object], message: str
) -> None:
    """The start fails if a function has no argument for a value of the document, or requires an optional value."""
    with pytest.raises(UnsupportedError, match=message):
        served(content, tmp_path, functions={"act": function})


@pytest.mark.parametrize(
    ("content", "function", "sent", "answer"),
    [
        (parameter(), _with_limit, ("/things?limit=1", b""), {"limit": 1}),
        (parameter(), _with_optional_limit, ("/things", b""), {"limit": None}),
        (_form("limit"), _with_limit, ("/things", b"limit=a"), {"limit": "a"}),
        (body({"application/json": {}}), _with_body, ("/things", b"[1]"), {"body": [1]}),
        (body({"application/json": {}}), _without, ("/things", b"[1]"), {}),
    ],
)
def test_a_function_that_fits_is_called(
    tmp_path: Path, content: Node, function: Callable[..., object], sent: tuple[str, bytes], answer: object
) -> None:
    """JSON is always validated, and passed only to a function that has the argument `body`."""
    assert served(content, tmp_path, functions={"act": function}).ask(*sent).json() == answer
