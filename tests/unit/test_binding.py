"""From the document to callables."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from connexion.resolver import Resolver
from connexion.spec import Specification

from handlers.server.binding import BodyRule, HeaderRule, bind
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError
from tests.document import RAW, TOKEN_PATH

GUARDED = {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": "builtins.dict"}
RESOLVER = Resolver(lambda _operation_id: dict)


def _bound(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    return set(bind(Specification.from_dict(copy.deepcopy(document)), "/base", RESOLVER))


def test_operations_are_found_by_path_and_method() -> None:
    """Each operation of the document is bound under the base path, by its method in capitals."""
    assert _bound(RAW) == {(f"/base{TOKEN_PATH}", "POST")}


def test_an_operation_with_security_is_not_bound() -> None:
    """Connexion checks `security`, so an operation that has it is left to Connexion."""
    document = copy.deepcopy(RAW)
    document["components"]["securitySchemes"] = {"guarded": GUARDED}
    document["paths"][TOKEN_PATH]["post"]["security"] = [{"guarded": []}]
    assert not _bound(document)


def test_a_document_wide_security_counts_as_the_operation_s() -> None:
    """An operation that says nothing of security has the document's, and is not bound either."""
    document = copy.deepcopy(RAW)
    document["components"]["securitySchemes"] = {"guarded": GUARDED}
    document["security"] = [{"guarded": []}]
    del document["paths"][TOKEN_PATH]["post"]["security"]
    assert not _bound(document)


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
    assert [rule.check(None), rule.check(""), rule.check("95221")] == [None, None, "95221"]
    with pytest.raises(SnapError) as refusal:
        rule.check("x")
    assert (refusal.value.code, refusal.value.field) == (INVALID_FIELD_FORMAT, "CHANNEL-ID")


def test_a_header_reaches_its_function_under_a_python_name() -> None:
    """X-CLIENT-KEY becomes the argument x_client_key."""
    assert HeaderRule.of({"name": "X-CLIENT-KEY", "schema": {}}).argument == "x_client_key"


def test_a_body_without_mandatory_members_needs_none() -> None:
    """A schema without `required` takes an empty object."""
    rule = BodyRule.of({"type": "object", "properties": {"a": {"type": "string"}}})
    rule.check({})
    with pytest.raises(SnapError) as refusal:
        rule.check({"a": []})
    assert (refusal.value.code, refusal.value.field) == (INVALID_FIELD_FORMAT, "a")


def test_a_mandatory_member_is_asked_for_before_others_are_judged() -> None:
    """What is missing is told before what is malformed."""
    rule = BodyRule.of({"type": "object", "required": ["b"], "properties": {"a": {"type": "string"}}})
    with pytest.raises(SnapError) as refusal:
        rule.check({"a": []})
    assert (refusal.value.code, refusal.value.field) == (INVALID_MANDATORY_FIELD, "b")
