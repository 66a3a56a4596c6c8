"""The doctor's rules of form are the document's, and the guard's."""

from typing import Any

import pytest

from handlers.doctor import request_format
from handlers.doctor.request_format import CALL_HEADERS, TOKEN_REQUEST_HEADERS, HeaderRule
from handlers.server.http import limits
from tests.document import DOCUMENT, INTERNAL, TOKEN_PATH


def _headers(document: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """The header parameters of a POST, in their order, but for those that a proxy adds."""
    item = document["paths"][path]
    parameters = [*item.get("parameters", ()), *item["post"].get("parameters", ())]
    return {each["name"]: each for each in parameters if not each["name"].startswith("X-Original")}


@pytest.mark.parametrize(
    ("forms", "document", "path"),
    [(TOKEN_REQUEST_HEADERS, DOCUMENT, TOKEN_PATH), (CALL_HEADERS, INTERNAL, "/authorize")],
    ids=["token", "call"],
)
def test_headers_have_the_forms_of_the_document(
    forms: tuple[HeaderRule, ...], document: dict[str, Any], path: str
) -> None:
    """Each header parameter is known in its order, with the document's pattern, lengths and obligation."""
    wanted = _headers(document, path)
    assert [each.name for each in forms] == list(wanted)
    for each in forms:
        parameter = wanted[each.name]
        schema = parameter["schema"]
        assert (each.shortest, each.longest) == (schema.get("minLength", 0), schema["maxLength"])
        assert f"^{each.pattern}$" == schema["pattern"]
        assert each.mandatory == parameter.get("required", False)


def test_limits_are_those_of_the_guard() -> None:
    """What is too large for the server is too large for the doctor."""
    assert (request_format.LONGEST_TARGET, request_format.MOST_HEADERS) == (limits.LONGEST_TARGET, limits.MOST_HEADERS)
    assert (request_format.LARGEST_HEADERS, request_format.LARGEST_BODY) == (
        limits.LARGEST_HEADERS,
        limits.LARGEST_BODY,
    )
    assert (request_format.FAR_TOO_LARGE, request_format.FAR_TOO_LARGE_BODY) == (131_072, 1_048_576)


@pytest.mark.parametrize(
    "said", [request_format.METHOD, request_format.URI, request_format.DELIVERY], ids=lambda said: said.name
)
def test_what_a_proxy_says_has_the_form_of_the_document(said: HeaderRule) -> None:
    """Of the headers that a proxy adds, pattern or value, lengths and obligation are the document's."""
    parameters = INTERNAL["paths"]["/authorize"]["parameters"]
    (parameter,) = [each for each in parameters if each["name"] == said.name]
    schema = parameter["schema"]
    assert schema.get("pattern", f"^{schema.get('enum', [''])[0]}$") == f"^{said.pattern}$"
    assert (said.shortest, said.longest) == (1, schema.get("maxLength", len(said.pattern)))
    assert said.mandatory == parameter.get("required", False)
