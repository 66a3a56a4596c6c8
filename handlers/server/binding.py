"""From the document to callables: one for each operation, made at start from what Connexion has read and resolved.

It stands on three of Connexion's extension points: `Specification` (the document, checked, references resolved),
`Specification.operation_cls` (one operation with its parameters, body and function) and `Resolver` (operationId to
function). Connexion's own request path rebuilds its validators on each request and hands no header to the function.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connexion.http_facts import METHODS
from connexion.operations import AbstractOperation
from connexion.resolver import Resolver
from connexion.spec import Specification
from jsonschema_rs import Draft4Validator
from starlette.types import Receive, Scope

from handlers.server import guard, json_body
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError

Result = Mapping[str, object]
Operations = dict[tuple[str, str], "Operation"]


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """One header parameter of the document, and the argument under which its value reaches the function."""

    name: str
    key: bytes
    argument: str
    required: bool
    schema: Draft4Validator

    @classmethod
    def of(cls, parameter: Mapping[str, Any]) -> "HeaderRule":
        """Compile one entry of `parameters`."""
        name = str(parameter["name"])
        return cls(
            name=name,
            key=name.lower().encode(),
            argument=name.lower().replace("-", "_"),
            required=bool(parameter.get("required")),
            schema=Draft4Validator(parameter["schema"]),
        )

    def check(self, value: str | None) -> str | None:
        """The value, if it is of the document's form; an empty header counts as absent.

        Raises:
            SnapError: 400 02, absent though mandatory; 400 01, malformed.
        """
        if not value:
            if self.required:
                raise SnapError(INVALID_MANDATORY_FIELD, field=self.name, reason="header.missing")
            return None
        if not self.schema.is_valid(value):
            raise SnapError(INVALID_FIELD_FORMAT, field=self.name, reason="header.malformed")
        return value


@dataclass(frozen=True, slots=True)
class BodyRule:
    """The schema of a JSON body that is an object."""

    required: tuple[str, ...]
    schema: Draft4Validator

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> "BodyRule":
        """Compile the schema of `application/json`."""
        # Connexion hangs all components on it, though every reference is resolved by then.
        own = {keyword: value for keyword, value in schema.items() if keyword != "components"}
        return cls(tuple(own.get("required", ())), Draft4Validator(own))

    def check(self, body: object) -> None:
        """Hold the parsed body against the document.

        Raises:
            SnapError: 400 01, no object, or a member is malformed; 400 02, a mandatory member is absent, empty or null.
        """
        if not isinstance(body, dict):
            raise SnapError(INVALID_FIELD_FORMAT, field="body", reason="body.not_object")
        for name in self.required:
            if body.get(name) in (None, ""):
                raise SnapError(INVALID_MANDATORY_FIELD, field=name, reason="body.field_missing")
        if not self.schema.is_valid(body):
            first = next(self.schema.iter_errors(body))
            raise SnapError(INVALID_FIELD_FORMAT, field=str(first.instance_path[0]), reason="body.field_malformed")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document: takes an ASGI request and gives what its function returns."""

    function: Callable[..., Awaitable[Result]]
    headers: tuple[HeaderRule, ...]
    body: BodyRule
    single_valued: frozenset[bytes]

    async def __call__(self, scope: Scope, receive: Receive) -> Result:
        """Guard, document, function, in this order.

        Raises:
            SnapError: a refusal, of any of the three.
        """
        sent = guard.single_valued(scope["headers"], self.single_valued)
        guard.require_json(sent.get(b"content-type", ""), sent.get(b"content-encoding", ""))
        arguments = {rule.argument: rule.check(sent.get(rule.key)) for rule in self.headers}
        self.body.check(json_body.parse(await guard.read_body(receive)))
        return await self.function(**arguments)


def bind(specification: Specification, base_path: str, resolver: Resolver) -> Operations:
    """The operations of a document, by path and method.

    Left to Connexion's own way are operations with `security`, whose check is not ours to skip, and paths with
    parameters.
    """
    return {
        (base_path + path, method.upper()): _bound(operation)
        for path, method, operation in _operations(specification, resolver)
        if not operation.security and "{" not in path
    }


def _operations(specification: Specification, resolver: Resolver) -> Iterator[tuple[str, str, AbstractOperation]]:
    for path, item in specification["paths"].items():
        for method in METHODS & item.keys():
            operation = specification.operation_cls.from_spec(
                specification, path=path, method=method, resolver=resolver
            )
            yield path, method, operation


def _bound(operation: AbstractOperation) -> Operation:
    headers = tuple(HeaderRule.of(each) for each in operation.parameters if each["in"] == "header")
    return Operation(
        function=operation.function,
        headers=headers,
        body=BodyRule.of(operation.body_schema("application/json")),
        single_valued=frozenset({b"content-type", b"content-encoding", *(rule.key for rule in headers)}),
    )
