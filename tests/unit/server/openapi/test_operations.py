"""From the document to callables."""

import asyncio
import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from connexion.resolver import Resolver
from connexion.spec import Specification
from starlette.types import Message

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.application import public_api
from handlers.server.openapi.operations import HeaderRule, Operations, bind
from handlers.server.openapi.security import Checks
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError, unauthorized
from tests.document import RAW, TOKEN_PATH
from tests.nicepay import BODY

PLACE = (f"/base{TOKEN_PATH}", "POST")
SENT = [
    (b"x-timestamp", b"2026-01-22T12:00:01+07:00"),
    (b"x-client-key", b"IONPAYTEST"),
    (b"x-signature", b"QUJD" * 86),
]
BEARER = {"type": "http", "scheme": "bearer"}
API_KEY = {"type": "apiKey", "in": "header", "name": "X-Secret"}


def _require_open_sesame(value: str) -> Mapping[str, object]:
    if value != "open sesame":
        raise unauthorized(field="X-Secret", reason="secret.wrong")
    return {"door": value}


async def _function(**arguments: object) -> Mapping[str, object]:
    return arguments


def _bound(document: Mapping[str, Any], checks: Checks | None = None) -> Operations:
    api = replace(public_api("/base"), checks=checks or {})
    return bind(
        Specification.from_dict(copy.deepcopy(document)), "/base", Resolver(lambda _operation_id: _function), api
    )


def _guarded(scheme: Mapping[str, Any], security: list[dict[str, list[str]]]) -> dict[str, Any]:
    """The contract, with `security` of its own for its one operation."""
    document = copy.deepcopy(RAW)
    document["components"]["securitySchemes"] = {"guarded": scheme}
    document["paths"][TOKEN_PATH]["post"]["security"] = security
    return document


async def _receive() -> Message:
    return {"type": "http.request", "body": BODY}


def _ask(operations: Operations, *headers: tuple[bytes, bytes]) -> object:
    return asyncio.run(operations[PLACE](RequestHeaders.of([*SENT, *headers]), _receive))


def test_operations_are_found_by_path_and_method() -> None:
    """Each operation of the document is bound under the base path, by its method in capitals."""
    assert _bound(RAW).keys() == {PLACE}


@pytest.mark.parametrize(("scheme", "header"), [(BEARER, b"authorization"), (API_KEY, b"x-secret")])
def test_an_operation_with_security_is_served_behind_its_check(scheme: dict[str, str], header: bytes) -> None:
    """Nothing reaches the function past the check, whatever the credential; what the check gives reaches it by name."""
    operations = _bound(_guarded(scheme, [{"guarded": []}]), {"guarded": _require_open_sesame})
    for headers in ([], [(header, b"")], [(header, b"Open sesame")], [(header, b"open sesame")] * 2):
        with pytest.raises(SnapError):
            _ask(operations, *headers)
    answer = _ask(operations, (header, b"open sesame"))
    assert isinstance(answer, dict)
    assert (answer["door"], answer["x_client_key"]) == ("open sesame", "IONPAYTEST")


def test_the_credential_is_asked_for_before_anything_is_read() -> None:
    """Whoever is not let in learns nothing of the form of headers and body."""
    operations = _bound(_guarded(API_KEY, [{"guarded": []}]), {"guarded": _require_open_sesame})
    with pytest.raises(SnapError) as refusal:
        _ask(operations, (b"content-encoding", b"gzip"))
    assert refusal.value.reason == "secret.wrong"


def test_who_is_not_let_in_is_not_told_of_a_second_copy() -> None:
    """A header that comes twice is refused only to who is let in."""
    operations = _bound(_guarded(API_KEY, [{"guarded": []}]), {"guarded": _require_open_sesame})
    for secret, reason in ((b"wrong", "secret.wrong"), (b"open sesame", "header.duplicated")):
        with pytest.raises(SnapError) as refusal:
            _ask(operations, SENT[0], (b"x-secret", secret))
        assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "security",
    [[{"guarded": []}], [{"other": []}, {"guarded": []}], [{}, {"other": []}]],
    ids=["alone", "choice", "optional"],
)
def test_security_that_nothing_checks_is_not_served(security: list[dict[str, list[str]]]) -> None:
    """A document that demands a credential which nothing here checks, or leaves a choice, stops the start."""
    with pytest.raises(LookupError, match="security"):
        _bound(_guarded(BEARER, security), {"other": _require_open_sesame})


def test_a_document_wide_security_counts_as_the_operation_s() -> None:
    """An operation that says nothing of security has the document's."""
    document = _guarded(BEARER, [])
    document["security"] = [{"guarded": []}]
    del document["paths"][TOKEN_PATH]["post"]["security"]
    with pytest.raises(SnapError):
        _ask(_bound(document, {"guarded": _require_open_sesame}))


def test_a_path_with_parameters_is_not_bound() -> None:
    """A table of fixed paths cannot hold a template, so it is left to Connexion."""
    document = copy.deepcopy(RAW)
    item = document["paths"].pop(TOKEN_PATH)
    item["post"]["parameters"].append({"name": "grant", "in": "path", "required": True, "schema": {"type": "string"}})
    document["paths"]["/access-token/{grant}"] = item
    assert not _bound(document)


def test_an_optional_header_may_be_absent_or_empty() -> None:
    """A header that the document does not require is None when it is not there; a malformed one is still refused."""
    rule = HeaderRule.of({"name": "CHANNEL-ID", "schema": {"type": "string", "pattern": "^[0-9]+$"}})
    assert [rule.check(""), rule.check("95221")] == [None, "95221"]
    with pytest.raises(SnapError) as refusal:
        rule.check("x")
    assert (refusal.value.code, refusal.value.field) == (INVALID_FIELD_FORMAT, "CHANNEL-ID")


def test_a_mandatory_header_is_asked_for() -> None:
    """Absent and empty are one."""
    rule = HeaderRule.of({"name": "X-EXTERNAL-ID", "required": True, "schema": {"type": "string"}})
    with pytest.raises(SnapError) as refusal:
        rule.check("")
    assert (refusal.value.code, refusal.value.field) == (INVALID_MANDATORY_FIELD, "X-EXTERNAL-ID")


def test_a_header_reaches_its_function_under_a_python_name() -> None:
    """X-CLIENT-KEY becomes the argument x_client_key."""
    assert HeaderRule.of({"name": "X-CLIENT-KEY", "schema": {}}).argument == "x_client_key"
