"""The doctor's format rules equal the documents and the server's limits."""

from typing import Any

import pytest

from handlers.doctor import request_format
from handlers.doctor.request_format import CALL_HEADERS, TOKEN_REQUEST_HEADERS, HeaderRule
from handlers.server.http import limits
from tests.document import DOCUMENT, INTERNAL, TOKEN_PATH


def _headers(document: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """Return the header parameters of a POST in their order, without the headers that a proxy adds."""
    item = document["paths"][path]
    parameters = [*item.get("parameters", ()), *item["post"].get("parameters", ())]
    return {each["name"]: each for each in parameters if not each["name"].startswith("X-Original")}


@pytest.mark.parametrize(
    ("rules", "document", "path"),
    [(TOKEN_REQUEST_HEADERS, DOCUMENT, TOKEN_PATH), (CALL_HEADERS, INTERNAL, "/authorize")],
    ids=["token", "call"],
)
def test_the_header_rules_equal_the_document(
    rules: tuple[HeaderRule, ...], document: dict[str, Any], path: str
) -> None:
    """Each header parameter has a rule, in the same order, with the same pattern and lengths, mandatory or not."""
    parameters = _headers(document, path)
    assert [each.name for each in rules] == list(parameters)
    for each in rules:
        parameter = parameters[each.name]
        schema = parameter["schema"]
        assert (each.shortest, each.longest) == (schema.get("minLength", 0), schema["maxLength"])
        assert f"^{each.pattern}$" == schema["pattern"]
        assert each.mandatory == parameter.get("required", False)


def test_the_limits_equal_the_servers() -> None:
    """A request that is too large for the server is too large for the doctor."""
    assert (request_format.LONGEST_TARGET, request_format.MOST_HEADERS) == (limits.LONGEST_TARGET, limits.MOST_HEADERS)
    assert (request_format.LARGEST_HEADERS, request_format.LARGEST_BODY) == (
        limits.LARGEST_HEADERS,
        limits.LARGEST_BODY,
    )
    assert (request_format.FAR_TOO_LARGE, request_format.FAR_TOO_LARGE_BODY) == (131_072, 1_048_576)


@pytest.mark.parametrize(
    "rule", [request_format.METHOD, request_format.URI, request_format.DELIVERY], ids=lambda rule: rule.name
)
def test_the_rules_for_proxy_headers_equal_the_document(rule: HeaderRule) -> None:
    """Each header that a proxy adds has the same pattern and the same lengths, mandatory or not."""
    parameters = INTERNAL["paths"]["/authorize"]["parameters"]
    (parameter,) = [each for each in parameters if each["name"] == rule.name]
    schema = parameter["schema"]
    assert schema["pattern"] == f"^{rule.pattern}$"
    assert (rule.shortest, rule.longest) == (1, schema["maxLength"])
    assert rule.mandatory == parameter.get("required", False)
