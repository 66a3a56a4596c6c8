"""From the document to callables: one for each operation, made at start from what Connexion has read and resolved.

It stands on three of Connexion's extension points: `Specification` (the document, checked, references resolved),
`Specification.operation_cls` (one operation with its parameters, body and function) and `Resolver` (operationId to
function). Connexion's own request path rebuilds its validators on each request and hands no header to the function.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connexion.http_facts import METHODS
from connexion.operations import AbstractOperation
from connexion.resolver import Resolver
from connexion.spec import Specification
from jsonschema_rs import Draft4Validator
from starlette.types import Receive

from handlers.server.http import limits, request_headers
from handlers.server.http.response import Result
from handlers.server.openapi.api import Api
from handlers.server.openapi.request_bodies import Body, body_of
from handlers.server.openapi.security import SecurityRule, security_of
from handlers.snap.codes import INVALID_FIELD_FORMAT, INVALID_MANDATORY_FIELD, SnapError

Operations = dict[tuple[str, str], "Operation"]

_ENTITY = frozenset({b"content-type", b"content-encoding"})


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

    def check(self, value: str) -> str | None:
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
class Operation:
    """One operation of the document: takes an ASGI request and gives what its function returns."""

    function: Callable[..., Awaitable[Result]]
    security: tuple[SecurityRule, ...]
    headers: tuple[HeaderRule, ...]
    body: Body
    single_valued: frozenset[bytes]
    event: str | None

    async def __call__(self, sent: request_headers.RequestHeaders, receive: Receive) -> Result:
        """Credentials, guard, document, function, in this order: who is not let in learns nothing of the form.

        Raises:
            SnapError: a refusal, of any of the three.
        """
        arguments: dict[str, object] = {}
        for rule in self.security:
            arguments |= rule.arguments(sent)
        sent.require_single(self.single_valued)
        self.body.require_type(sent)
        for header in self.headers:
            arguments[header.argument] = header.check(sent.get(header.key))
        arguments |= self.body.arguments(await self._raw_body(sent, receive))
        return await self.function(**arguments)

    async def _raw_body(self, sent: request_headers.RequestHeaders, receive: Receive) -> bytes:
        if not self.body.largest:
            return b""
        limits.require_length(sent, self.body.largest)
        return await limits.read_body(receive, self.body.largest)


def bind(specification: Specification, base_path: str, resolver: Resolver, api: Api) -> Operations:
    """The operations of a document, by path and method; paths with parameters are left to Connexion's own way.

    Raises:
        LookupError: one of them demands `security` that nothing here checks.
    """
    return {
        (base_path + path, method.upper()): _bound(
            specification.operation_cls.from_spec(specification, path=path, method=method, resolver=resolver), api
        )
        for path, item in specification["paths"].items()
        for method in METHODS & item.keys()
        if "{" not in path
    }


def _bound(operation: AbstractOperation, api: Api) -> Operation:
    security = security_of(operation.security, operation.security_schemes, api.checks)
    headers = tuple(HeaderRule.of(each) for each in operation.parameters if each["in"] == "header")
    return Operation(
        function=operation.function,
        security=security,
        headers=headers,
        body=body_of(operation.body_schema, operation.consumes, api.largest_body),
        single_valued=_ENTITY | {each.key for each in security} | {each.key for each in headers},
        event=api.events.get(operation.operation_id),
    )
