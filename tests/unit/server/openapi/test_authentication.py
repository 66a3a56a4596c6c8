"""Credentials come first."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from handlers.server.openapi.security import Check
from handlers.snap.codes import unauthorized
from tests.documents import Node, Served, document, operation, served

BEARER = {"type": "http", "scheme": "bearer"}
API_KEY = {"type": "apiKey", "in": "header", "name": "X-Secret"}
OPEN, REFUSED = "open sesame", ("4019900", "Unauthorized. X-Secret")


def _require_open_sesame(value: str) -> Mapping[str, object]:
    if value != OPEN:
        raise unauthorized(field="X-Secret", reason="secret.wrong")
    return {"door": value}


CHECKS = {"guarded": Check(_require_open_sesame, frozenset({"door"}))}


def _guarded(scheme: Node, **keywords: object) -> Node:
    return {
        **document(item={"post": {**operation(), **keywords}}),
        "components": {"securitySchemes": {"guarded": scheme}},
    }


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[Node], Served]:
    """A function that serves a document with the check."""
    return lambda content: served(content, tmp_path, checks=CHECKS)


@pytest.mark.parametrize(("scheme", "header"), [(BEARER, "authorization"), (API_KEY, "x-secret")])
def test_an_operation_with_security_is_served_behind_its_check(
    serve: Callable[[Node], Served], scheme: Node, header: str
) -> None:
    """A wrong credential never reaches the function. The values that the check returns reach it by name."""
    application = serve(_guarded(scheme, security=[{"guarded": []}]))
    for headers in ([], [(header, "")], [(header, "Open sesame")]):
        assert application.outcome(headers=headers) == REFUSED
    assert application.outcome(headers=[(header, OPEN)] * 2) == ("4009900", "Bad Request")
    assert application.outcome(headers=[(header, OPEN)]) == {"door": OPEN}


def test_a_document_wide_security_counts_as_the_operation_s(serve: Callable[[Node], Served]) -> None:
    """An operation without `security` has that of the document. An empty list means no security."""
    wide: list[dict[str, list[str]]] = [{"guarded": []}]
    assert serve({**_guarded(API_KEY), "security": wide}).outcome() == REFUSED
    assert serve({**_guarded(API_KEY, security=[]), "security": wide}).outcome() == {}


def test_the_credential_is_asked_for_before_anything_is_read(serve: Callable[[Node], Served]) -> None:
    """A caller who is not authenticated learns nothing about the format of headers and body."""
    content = {"application/json": {"schema": {"type": "object"}}}
    application = serve(
        _guarded(API_KEY, security=[{"guarded": []}], requestBody={"required": True, "content": content})
    )
    for headers in ([("content-encoding", "gzip")], [("content-type", "a/b")], [("x-secret", "a"), ("x-secret", "b")]):
        assert application.outcome(body=b"{", headers=headers) == REFUSED
