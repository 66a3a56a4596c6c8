"""What a case of schemathesis has broken on purpose, so that hooks leave it broken."""

from collections.abc import Mapping
from typing import Any

from openapi_schema_validator import OAS30Validator
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase


def broken_headers(case: Case[Any], forms: Mapping[str, OAS30Validator]) -> set[str | None]:
    """The headers that a case has broken, by leaving them out or by their value."""
    meta = case.meta
    if meta is None or not meta.is_negative_at(ParameterLocation.HEADER):
        return set()
    data = meta.phase.data
    if meta.phase.name == TestPhase.COVERAGE:
        # One case, one break, and the metadata names it. The rest of the template is not always right: schemathesis
        # finds no timestamp for it, because a pattern that asks for a hyphen is beyond its coverage of headers.
        return {data.parameter} if data.parameter_location == ParameterLocation.HEADER else set()
    return {name for name, form in forms.items() if not form.is_valid(case.headers.get(name))}
