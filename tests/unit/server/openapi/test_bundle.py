"""The document without references."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from handlers.server.openapi.bundle import bundled
from tests.document import DOCUMENT, INTERNAL, INTERNAL_RAW, RAW


@pytest.mark.parametrize("document", [RAW, INTERNAL_RAW], ids=["public", "internal"])
def test_no_reference_is_left(document: dict[str, Any]) -> None:
    """The bundled document is valid OpenAPI and has no `$ref`."""
    bundle = bundled(document)
    validate(bundle)
    assert '"$ref"' not in json.dumps(bundle)


@pytest.mark.parametrize(("document", "same"), [(RAW, DOCUMENT), (INTERNAL_RAW, INTERNAL)], ids=["public", "internal"])
def test_the_operations_are_the_same(document: dict[str, Any], same: dict[str, Any]) -> None:
    """Everything but the components equals the document with its references resolved by other code."""
    assert {**bundled(document), "components": None} == {**same, "components": None}


def test_only_the_security_schemes_stay_of_the_components() -> None:
    """The operations name the security schemes without a reference, so they stay. Nothing empty stays."""
    assert bundled(INTERNAL_RAW)["components"] == {"securitySchemes": INTERNAL["components"]["securitySchemes"]}
    assert "components" not in bundled(RAW)
