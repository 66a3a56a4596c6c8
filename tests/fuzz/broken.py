"""Which headers a schemathesis case has broken on purpose, so that the hooks leave them broken."""

from collections.abc import Mapping
from typing import Any

from openapi_schema_validator import OAS30Validator
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase


def broken_headers(case: Case[Any], schemas: Mapping[str, OAS30Validator]) -> set[str | None]:
    """Return the headers that a case has broken: they are absent, or their value is invalid."""
    meta = case.meta
    if meta is None or not meta.is_negative_at(ParameterLocation.HEADER):
        return set()
    data = meta.phase.data
    if meta.phase.name == TestPhase.COVERAGE:
        # A coverage case breaks one parameter, and the metadata names it. The other headers may be invalid too, because
        # schemathesis cannot generate a header value for a pattern with a hyphen, such as that of X-TIMESTAMP.
        return {data.parameter} if data.parameter_location == ParameterLocation.HEADER else set()
    return {name for name, schema in schemas.items() if not schema.is_valid(case.headers.get(name))}
