"""The guard finds planted changes of the released document, and calls them breaking or an addition."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from handlers.server.openapi.bundle import bundled
from tests.contract.__main__ import OPENAPI
from tests.contract.change import Change
from tests.contract.documents import changes

Node = dict[str, Any]
Edit = Callable[[Node], object]
RELEASED: Node = yaml.safe_load((OPENAPI / "released/snap-token.yaml").read_text(encoding="utf-8"))
PATH = "/access-token/b2b"
CALL = f"POST {PATH}"
TOKEN = f"{CALL}, answer 200, application/json body"
SERVER = "https://{merchantDomain}/api/v1.0"
VARIABLES = '{"merchantDomain": {"default": "merchant.example"}}'
FORM = f"{CALL}, application/json body"


def _operation(document: Node) -> Node:
    operation: Node = document["paths"][PATH]["post"]
    return operation


def _schema(document: Node, name: str) -> Node:
    schema: Node = document["components"]["schemas"][name]
    return schema


def _token(document: Node, member: str) -> Node:
    schema: Node = _schema(document, "AccessToken")["properties"][member]
    return schema


def _grant(document: Node) -> Node:
    schema: Node = _schema(document, "AccessTokenRequest")["properties"]["grantType"]
    return schema


def _part(document: Node, kind: str, name: str) -> Node:
    part: Node = document["components"][kind][name]
    return part


def _found(edit: Edit, before: Edit = lambda _: None) -> list[Change]:
    """The changes that an edit makes. `before` prepares the document that counts as released."""
    old = deepcopy(RELEASED)
    before(old)
    new = deepcopy(old)
    edit(new)
    return changes(old, new)


def _secured(document: Node) -> None:
    document["components"]["securitySchemes"] = {"Secret": {"type": "http", "scheme": "bearer"}}
    _operation(document)["security"] = [{"Secret": []}]


BREAKING: dict[str, tuple[Edit, str]] = {
    "a member is no longer required": (
        lambda d: _schema(d, "AccessToken")["required"].remove("expiresIn"),
        f"{TOKEN}: member expiresIn is no longer required",
    ),
    "a longer token": (
        lambda d: _token(d, "accessToken").update(maxLength=300),
        f"{TOKEN}.accessToken: maxLength: 150 -> 300",
    ),
    "a shorter token": (
        lambda d: _token(d, "accessToken").update(maxLength=50),
        f"{TOKEN}.accessToken: maxLength: 150 -> 50",
    ),
    "a token without a limit": (
        lambda d: _token(d, "accessToken").pop("maxLength"),
        f"{TOKEN}.accessToken: maxLength: 150 -> none",
    ),
    "a status is removed": (
        lambda d: _operation(d)["responses"].pop("409"),
        f"{CALL}, answer 409: the answer is removed",
    ),
    "another success": (
        lambda d: _operation(d)["responses"].update({"201": {"description": "Made"}}),
        f"{CALL}, answer 201: the answer is new",
    ),
    "a new required header": (
        lambda d: _operation(d)["parameters"].append({"name": "X-NEW", "in": "header", "required": True, "schema": {}}),
        f"{CALL}: header X-NEW is new and required",
    ),
    "a new required member of a request": (
        lambda d: _schema(d, "AccessTokenRequest")["required"].append("additionalInfo"),
        f"{FORM}: member additionalInfo is newly required",
    ),
    "a member of a request is removed": (
        lambda d: _schema(d, "AccessTokenRequest")["properties"].pop("additionalInfo"),
        f"{FORM}: member additionalInfo is removed",
    ),
    "a member of an answer is removed": (
        lambda d: _schema(d, "AccessToken")["properties"].pop("additionalInfo"),
        f"{TOKEN}: member additionalInfo is removed",
    ),
    "a new member of a closed answer": (
        lambda d: _schema(d, "AccessToken")["properties"].update(scope={"type": "string"}),
        f"{TOKEN}: member scope is new, but the object was closed",
    ),
    "another value of an enum": (
        lambda d: _grant(d).update(enum=["authorization_code"]),
        f'{FORM}.grantType: enum: ["client_credentials"] -> ["authorization_code"]',
    ),
    "a wider enum in an answer": (
        lambda d: _token(d, "tokenType")["enum"].append("MAC"),
        f'{TOKEN}.tokenType: enum: ["Bearer"] -> ["Bearer", "MAC"]',
    ),
    "another pattern": (
        lambda d: _token(d, "expiresIn").update(pattern="^[0-9]+$"),
        f'{TOKEN}.expiresIn: pattern: "^[1-9][0-9]{{0,2}}$" -> "^[0-9]+$"',
    ),
    "another type": (
        lambda d: _token(d, "expiresIn").update(type="integer"),
        f'{TOKEN}.expiresIn: type: "string" -> "integer"',
    ),
    "a shorter client key": (
        lambda d: _schema(d, "ClientKey").update(maxLength=20),
        f"{CALL}, header X-CLIENT-KEY: maxLength: 36 -> 20",
    ),
    "a longer minimum of a client key": (
        lambda d: _schema(d, "ClientKey").update(minLength=2),
        f"{CALL}, header X-CLIENT-KEY: minLength: 1 -> 2",
    ),
    "a closed request": (
        lambda d: _schema(d, "AccessTokenRequest").update(additionalProperties=False),
        f"{FORM}: additionalProperties: {{}} -> false",
    ),
    "an open answer": (
        lambda d: _schema(d, "AccessToken").update(additionalProperties=True),
        f"{TOKEN}: additionalProperties: false -> {{}}",
    ),
    "a header of an answer is removed": (
        lambda d: _part(d, "responses", "Successful")["headers"].pop("X-CLIENT-KEY"),
        f"{CALL}, answer 200: header X-CLIENT-KEY is removed",
    ),
    "a header of an answer is no longer required": (
        lambda d: _part(d, "headers", "Cache-Control").pop("required"),
        f"{CALL}, answer 200, header CACHE-CONTROL: is no longer required",
    ),
    "another type of a header": (
        lambda d: _part(d, "headers", "Retry-After")["schema"].update(minimum=0),
        f"{CALL}, answer 500, header RETRY-AFTER: minimum: 1 -> 0",
    ),
    "the body of an answer is removed": (
        lambda d: _part(d, "responses", "Conflict").pop("content"),
        f"{CALL}, answer 409: media type application/json is removed",
    ),
    "another media type in an answer": (
        lambda d: _part(d, "responses", "Conflict")["content"].update({"text/plain": {}}),
        f"{CALL}, answer 409: media type text/plain is new",
    ),
    "a media type of a request is removed": (
        lambda d: _part(d, "requestBodies", "AccessTokenRequestBody").update(content={"text/json": {}}),
        f"{CALL}: media type application/json is removed",
    ),
    "the body of a request is removed": (lambda d: _operation(d).pop("requestBody"), f"{CALL}: the body is removed"),
    "another path": (
        lambda d: d["paths"].update({"/token": d["paths"].pop(PATH)}),
        f"{CALL}: the operation is removed",
    ),
    "another method": (
        lambda d: d["paths"][PATH].update(put=d["paths"][PATH].pop("post")),
        f"{CALL}: the operation is removed",
    ),
    "another operationId": (
        lambda d: _operation(d).update(operationId="getToken"),
        f'{CALL}: operationId: "issueAccessToken" -> "getToken"',
    ),
    "security": (_secured, f"{CALL}: security: no credential is not enough any more"),
    "another place of a parameter": (
        lambda d: _part(d, "parameters", "X-CLIENT-KEY").update({"in": "query"}),
        f"{CALL}: header X-CLIENT-KEY is removed",
    ),
    "another style of a parameter": (
        lambda d: _part(d, "parameters", "X-CLIENT-KEY").update(explode=True),
        f"{CALL}, header X-CLIENT-KEY: explode: false -> true",
    ),
    "another code in an example": (
        lambda d: _part(d, "responses", "Conflict")["content"]["application/json"]["examples"]["4097300"][
            "value"
        ].update(responseCode="4097301"),
        f"{CALL}, answer 409, application/json body: responseCode 4097300 Conflict is removed from the examples",
    ),
    "another message in an example": (
        lambda d: _part(d, "responses", "Conflict")["content"]["application/json"]["examples"]["4097300"][
            "value"
        ].update(responseMessage="Repeated"),
        f"{CALL}, answer 409, application/json body: responseCode 4097300 Conflict is removed from the examples",
    ),
    "nullable": (
        lambda d: _token(d, "expiresIn").update(nullable=True),
        f"{TOKEN}.expiresIn: nullable: false -> true",
    ),
    "a format": (
        lambda d: _token(d, "expiresIn").update(format="int32"),
        f'{TOKEN}.expiresIn: format: none -> "int32"',
    ),
    "a format in a request": (
        lambda d: _schema(d, "Timestamp").update(format="date-time"),
        f'{CALL}, header X-TIMESTAMP: format: none -> "date-time"',
    ),
    "more items": (
        lambda d: _token(d, "additionalInfo").update(minItems=1),
        f"{TOKEN}.additionalInfo: minItems: 0 -> 1",
    ),
    "another default": (
        lambda d: _grant(d).update(default="client_credentials"),
        f'{FORM}.grantType: default: none -> "client_credentials"',
    ),
    "an unknown keyword": (lambda d: _grant(d).update({"x-case": "any"}), f'{FORM}.grantType: x-case: none -> "any"'),
    "a condition of a schema": (
        lambda d: _schema(d, "AccessToken").update({"not": {"required": ["scope"]}}),
        f'{TOKEN}: not: none -> {{"required": ["scope"]}}',
    ),
    "one of two schemas": (
        lambda d: _schema(d, "AccessToken").update(oneOf=[{}, {}]),
        f"{TOKEN}: oneOf: none -> 2 schemas",
    ),
    "another base path": (
        lambda d: d["servers"][0].update(url="https://{merchantDomain}/api/v2.0"),
        f"servers: {SERVER} is removed",
    ),
    "another domain": (
        lambda d: d["servers"][0]["variables"]["merchantDomain"].update(enum=["a"]),
        f'server {SERVER}: variables: {VARIABLES} -> {VARIABLES[:-2]}, "enum": ["a"]}}}}',
    ),
    "servers of an operation": (
        lambda d: _operation(d).update(servers=[{"url": "/"}]),
        f'{CALL}: servers: none -> [{{"url": "/"}}]',
    ),
    "another edition of OpenAPI": (lambda d: d.update(openapi="3.1.0"), 'document: openapi: "3.0.3" -> "3.1.0"'),
}
ADDITIONS: dict[str, tuple[Edit, str]] = {
    "a refusal": (
        lambda d: _operation(d)["responses"].update({"451": {"description": "Refused"}}),
        f"{CALL}, answer 451: the answer is new",
    ),
    "an optional header": (
        lambda d: _operation(d)["parameters"].append({"name": "X-NEW", "in": "header", "schema": {}}),
        f"{CALL}: header X-NEW is new",
    ),
    "an optional member of a request": (
        lambda d: _schema(d, "AccessTokenRequest")["properties"].update(scope={}),
        f"{FORM}: member scope is new",
    ),
    "a member of a request is no longer required": (
        lambda d: _schema(d, "AccessTokenRequest")["required"].clear(),
        f"{FORM}: member grantType is no longer required",
    ),
    "a wider enum in a request": (
        lambda d: _grant(d)["enum"].append("password"),
        f'{FORM}.grantType: enum: ["client_credentials"] -> ["client_credentials", "password"]',
    ),
    "a longer signature": (
        lambda d: _part(d, "parameters", "X-SIGNATURE")["schema"].update(maxLength=4096),
        f"{CALL}, header X-SIGNATURE: maxLength: 2048 -> 4096",
    ),
    "an optional body": (
        lambda d: _part(d, "requestBodies", "AccessTokenRequestBody").pop("required"),
        f"{CALL}, body: is no longer required",
    ),
    "another media type in a request": (
        lambda d: _part(d, "requestBodies", "AccessTokenRequestBody")["content"].update({"text/json": {}}),
        f"{CALL}: media type text/json is new",
    ),
    "a header of an answer": (
        lambda d: _part(d, "responses", "Conflict")["headers"].update({"Retry-After": {"schema": {}}}),
        f"{CALL}, answer 409: header RETRY-AFTER is new",
    ),
    "a header of an answer is newly required": (
        lambda d: _part(d, "headers", "X-Request-ID").update(required=True),
        f"{CALL}, answer 200, header X-REQUEST-ID: is newly required",
    ),
    "another operation": (
        lambda d: d["paths"].update({"/new": {"get": {"responses": {}}}}),
        "GET /new: the operation is new",
    ),
    "another code": (
        lambda d: _part(d, "responses", "Conflict")["content"]["application/json"].update(
            example={"responseCode": "4097301"}
        ),
        f"{CALL}, answer 409, application/json body: responseCode 4097301 is new in the examples",
    ),
    "another server": (
        lambda d: d["servers"].append({"url": "https://b.example"}),
        "servers: https://b.example is new",
    ),
    "a deprecated operation": (lambda d: _operation(d).update(deprecated=True), f"{CALL}: deprecated: false -> true"),
    "a deprecated member": (
        lambda d: _grant(d).update(deprecated=True),
        f"{FORM}.grantType: deprecated: false -> true",
    ),
}
FREE: dict[str, Edit] = {
    "prose": lambda d: (d["info"].update(title="T", description="D"), _operation(d).update(summary="S", tags=["T"])),
    "a description in a schema": lambda d: _token(d, "expiresIn").update(description="Text", title="Title"),
    "an example": lambda d: _schema(d, "AccessToken").update(example={}),
    "the text of an example": lambda d: _part(d, "parameters", "X-CLIENT-KEY").update(example="OTHER"),
    "the name of a schema": lambda d: (
        _part(d, "responses", "Successful")["content"]["application/json"].update(schema=_schema(d, "AccessToken")),
        d["components"]["schemas"].pop("AccessToken"),
    ),
    "an unused component": lambda d: d["components"]["schemas"].update(Unused={"type": "string"}),
    "a default that is written out": lambda d: _token(d, "expiresIn").update(minLength=0, nullable=False),
    "an open object that is written out": lambda d: _schema(d, "AccessTokenRequest").update(additionalProperties=True),
    "the style that is the default": lambda d: _part(d, "parameters", "X-CLIENT-KEY").update(style="simple"),
    "the order of required members": lambda d: _schema(d, "AccessToken")["required"].reverse(),
    "the letter case of a header": lambda d: _part(d, "parameters", "X-CLIENT-KEY").update(name="x-client-key"),
    "parameters of the path": lambda d: d["paths"][PATH].update(parameters=_operation(d).pop("parameters")),
    "security of the document": lambda d: (_operation(d).pop("security"), d.update(security=[])),
    "the description of a server": lambda d: d["servers"][0].update(description="Text"),
}


@pytest.mark.parametrize(("edit", "line"), BREAKING.values(), ids=BREAKING)
def test_a_breaking_change_is_found(edit: Edit, line: str) -> None:
    """The change is reported as breaking, with its place."""
    assert line in [str(each) for each in _found(edit) if each.is_breaking]


@pytest.mark.parametrize(("edit", "line"), ADDITIONS.values(), ids=ADDITIONS)
def test_an_addition_is_found(edit: Edit, line: str) -> None:
    """The change is reported as an addition, and nothing as breaking."""
    found = _found(edit)
    assert line in map(str, found)
    assert not any(each.is_breaking for each in found)


@pytest.mark.parametrize("edit", FREE.values(), ids=FREE)
def test_what_no_client_sees_is_free(edit: Edit) -> None:
    """Prose, examples, names of components and another spelling of the same thing are no changes."""
    assert _found(edit) == []


@pytest.mark.parametrize(
    ("before", "edit", "expected"),
    [
        (
            lambda d: _token(d, "tokenType")["enum"].append("MAC"),
            lambda d: _token(d, "tokenType")["enum"].pop(),
            (f'{TOKEN}.tokenType: enum: ["Bearer", "MAC"] -> ["Bearer"]', True),
        ),
        (
            lambda d: _grant(d)["enum"].append("password"),
            lambda d: _grant(d)["enum"].pop(),
            (f'{FORM}.grantType: enum: ["client_credentials", "password"] -> ["client_credentials"]', True),
        ),
        (
            lambda d: _grant(d).update(nullable=True),
            lambda d: _grant(d).pop("nullable"),
            (f"{FORM}.grantType: nullable: true -> false", True),
        ),
        (
            lambda d: _grant(d).update(minimum=1, exclusiveMinimum=True),
            lambda d: _grant(d).pop("exclusiveMinimum"),
            (f"{FORM}.grantType: exclusiveMinimum: true -> false", False),
        ),
        (
            lambda d: _grant(d).update(items={"maxLength": 3}),
            lambda d: _grant(d).pop("items"),
            (f"{FORM}.grantType[]: maxLength: 3 -> none", False),
        ),
        (
            lambda d: _schema(d, "AccessTokenRequest").update(additionalProperties={"type": "string"}),
            lambda d: _schema(d, "AccessTokenRequest").update(additionalProperties={"type": "string", "maxLength": 1}),
            (f"{FORM}.*: maxLength: none -> 1", True),
        ),
        (
            lambda d: _grant(d).update(anyOf=[{"minLength": 1}, {"maxLength": 9}]),
            lambda d: _grant(d).update(anyOf=[{"maxLength": 8}, {"minLength": 1}]),
            (f"{FORM}.grantType.anyOf[0]: maxLength: 9 -> 8", True),
        ),
        (
            lambda d: _grant(d).update(anyOf=[{"minLength": 1}]),
            lambda d: _grant(d)["anyOf"].append({"maxLength": 8}),
            (f"{FORM}.grantType: anyOf: 1 schemas -> 2 schemas", False),
        ),
        (
            lambda d: _grant(d).update(allOf=[{"minLength": 1}]),
            lambda d: _grant(d)["allOf"].append({"maxLength": 8}),
            (f"{FORM}.grantType: allOf: 1 schemas -> 2 schemas", True),
        ),
        (
            lambda d: _grant(d).update(oneOf=[{"minLength": 1}]),
            lambda d: _grant(d).update(oneOf=[{"minLength": 2}, {"minLength": 3}]),
            (f"{FORM}.grantType: oneOf: 1 schemas -> 2 schemas", True),
        ),
        (
            lambda d: _grant(d).update({"not": {"maxLength": 1}}),
            lambda d: _grant(d).update({"not": {"maxLength": 2, "description": "Text"}}),
            (f"{FORM}.grantType.not: maxLength: 1 -> 2", True),
        ),
        (
            lambda d: _operation(d)["responses"].pop("default"),
            lambda d: _operation(d)["responses"].update(default={"description": "Other"}),
            (f"{CALL}, answer default: the answer is new", False),
        ),
        (
            _secured,
            lambda d: _operation(d)["security"].append({}),
            (f"{CALL}: security: no credential is enough too", False),
        ),
        (
            _secured,
            lambda d: d["components"]["securitySchemes"]["Secret"].update(scheme="basic"),
            (f"{CALL}: security: Secret is not enough any more", True),
        ),
        (
            lambda d: _operation(d).pop("requestBody"),
            lambda d: _operation(d).update(requestBody={"required": True, "content": {}}),
            (f"{CALL}: a body is new and required", True),
        ),
        (
            lambda d: _part(d, "headers", "X-Request-ID").update(deprecated=True),
            lambda d: _part(d, "headers", "X-Request-ID").pop("deprecated"),
            (f"{CALL}, answer 200, header X-REQUEST-ID: deprecated: true -> false", False),
        ),
    ],
)
def test_direction_matters(before: Edit, edit: Edit, expected: tuple[str, bool]) -> None:
    """A narrower request and every other answer are breaking. A wider request is an addition."""
    assert expected in [(str(each), each.is_breaking) for each in _found(edit, before)]


def test_the_order_of_an_enum_is_free() -> None:
    """The same values in another order are the same type."""
    assert _found(lambda d: _grant(d)["enum"].reverse(), lambda d: _grant(d)["enum"].append("password")) == []


def test_the_name_of_a_security_scheme_is_free() -> None:
    """An operation that accepts the same credential under another name is the same."""

    def rename(document: Node) -> None:
        document["components"]["securitySchemes"]["Other"] = document["components"]["securitySchemes"].pop("Secret")
        _operation(document)["security"] = [{"Other": []}]

    assert _found(rename, _secured) == []


# `security: []` says what its absence says.
FREE_KEYS = {"description", "summary", "example", "examples", "tags", "info", "title", "security"}
BUNDLE = bundled(RELEASED)
for _status in ("400", "404", "405", "408", "409", "413", "414", "415", "431"):  # They are as 401 is.
    del _operation(BUNDLE)["responses"][_status]


def _places(node: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401  YAML
    """Every place in the document that is not free."""
    children = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in children:
        if key not in FREE_KEYS:
            yield (*place, key)
            yield from _places(value, (*place, key))


def test_no_change_is_overlooked() -> None:
    """Each removed or replaced value that is not free is found, or the document is no OpenAPI document any more."""
    places = list(_places(BUNDLE))
    assert len(places) > 150
    for *place, last in places:
        for edit in (_remove, _replace):
            new = deepcopy(BUNDLE)
            node: Any = new
            for key in place:
                node = node[key]
            edit(node, last)
            assert _is_noticed(new), (edit, place, last)


def _is_noticed(document: Node) -> bool:
    try:
        return bool(changes(BUNDLE, document))
    except KeyError:  # A field that OpenAPI demands is missing.
        return True


def _remove(node: Any, key: str | int) -> None:  # noqa: ANN401  YAML
    del node[key]


def _replace(node: Any, key: str | int) -> None:  # noqa: ANN401  YAML
    """Give a scalar another value of its type. Other values are replaced inside."""
    value = node[key]
    if isinstance(value, bool):
        node[key] = not value
    elif isinstance(value, int):
        node[key] = value + 1
    elif isinstance(value, str):
        node[key] = f"{value}-other"
    else:
        del node[key]
