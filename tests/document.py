"""The OpenAPI documents with resolved references, and a check of answers by a validator that Connexion does not use."""

from pathlib import Path
from typing import Any

import httpx
import yaml
from openapi_schema_validator import OAS30Validator

PATH = Path(__file__).parents[1] / "openapi" / "snap-token.yaml"
INTERNAL_PATH = PATH.with_name("internal.yaml")
RAW: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
INTERNAL_RAW: dict[str, Any] = yaml.safe_load(INTERNAL_PATH.read_text(encoding="utf-8"))


def _resolved(node: Any, root: dict[str, Any]) -> Any:  # noqa: ANN401  any YAML
    if isinstance(node, dict) and "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _resolved(target, root)
    if isinstance(node, dict):
        return {key: _resolved(value, root) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolved(value, root) for value in node]
    return node


DOCUMENT: dict[str, Any] = _resolved(RAW, RAW)
INTERNAL: dict[str, Any] = _resolved(INTERNAL_RAW, INTERNAL_RAW)
TOKEN_PATH = "/access-token/b2b"
OPERATION: dict[str, Any] = DOCUMENT["paths"][TOKEN_PATH]["post"]
RESPONSES: dict[str, Any] = OPERATION["responses"]
PROXY_ANSWERS = {
    "403": ("4037300", "Forbidden"),
    "503": ("5037300", "Service Unavailable"),
    "504": ("5047300", "Timeout"),
    "default": ("5027300", "General Error"),
}
"""The answers of the public document that only a proxy in front of the server sends: responseCode and message."""
SNAP_HEADERS = {
    *("x-timestamp", "x-client-key", "x-external-id", "x-accel-redirect"),
    *("cache-control", "www-authenticate", "allow", "retry-after", "x-request-id"),
}


def check_answer(response: httpx.Response) -> None:
    """Check that the document describes the answer of the server: status, body, headers and no other SNAP header."""
    assert str(response.status_code) not in PROXY_ANSWERS
    _check(response, RESPONSES[str(response.status_code)])


def check_internal_answer(response: httpx.Response) -> None:
    """Check an answer of the internal listener. An unknown path gets the answer of an unknown service."""
    described = _internal_responses(response.request).get(str(response.status_code), {})
    _check(response, described or INTERNAL["components"]["responses"]["UnknownService"])


def check_proxy_answer(response: httpx.Response) -> None:
    """Check an answer of a proxy in front of both listeners. Answers to calls are answers of /authorize."""
    is_token_request = "/access-token" in response.request.url.path.lower()
    responses = RESPONSES if is_token_request else INTERNAL["paths"]["/authorize"]["post"]["responses"]
    _check(response, responses.get(str(response.status_code)) or responses["default"])


def _internal_responses(request: httpx.Request) -> dict[str, Any]:
    """The responses of the operation. For a method that the path does not have, those of its first method."""
    item = dict(INTERNAL["paths"].get(request.url.path, {}))
    item.pop("parameters", None)
    no_operation: dict[str, Any] = {"responses": {}}
    operation = item.get(request.method.lower()) or next(iter(item.values()), no_operation)
    return dict(operation["responses"])


def _check(response: httpx.Response, described: dict[str, Any]) -> None:
    if "content" in described:
        _check_body(response, described["content"]["application/json"]["schema"])
    else:
        assert not response.content
    for name, header in described["headers"].items():
        value = response.headers.get(name)
        assert value is not None or not header.get("required"), f"{name} is missing"
        if value is not None:
            is_integer = header["schema"]["type"] == "integer"
            OAS30Validator(header["schema"]).validate(int(value) if is_integer else value)
    undescribed = SNAP_HEADERS & set(response.headers) - {name.lower() for name in described["headers"]}
    assert not undescribed


def _check_body(response: httpx.Response, schema: dict[str, Any]) -> None:
    assert response.headers["content-type"] == "application/json"
    if response.request.method == "HEAD":
        return
    body = response.json()
    OAS30Validator(schema).validate(body)
    if response.is_error:
        assert body["responseCode"][:3] == str(response.status_code)
