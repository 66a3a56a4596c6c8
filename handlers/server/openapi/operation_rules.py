"""The rules of an operation, compiled from the document."""

from dataclasses import dataclass

from connexion.operations import AbstractOperation

from handlers.server.openapi.api import Api
from handlers.server.openapi.function_arguments import FunctionArguments
from handlers.server.openapi.parameters import Parameters
from handlers.server.openapi.request_bodies import BODY, RequestBody, body_of
from handlers.server.openapi.security import security_of

_ENTITY = frozenset({b"content-type", b"content-encoding"})


@dataclass(frozen=True, slots=True)
class OperationRules:
    """What a request must be like. `single_valued` are the headers that may come only once."""

    parameters: Parameters
    body: RequestBody
    single_valued: frozenset[bytes]

    @classmethod
    def of(cls, operation: AbstractOperation, api: Api) -> "OperationRules":
        """Compile them.

        Raises:
            UnsupportedError: the document demands what cannot be checked, or what the function does not take.
        """
        function = FunctionArguments.of(api.functions[operation.operation_id])
        security = security_of(operation.security, operation.security_schemes, api.checks)
        parameters = Parameters.of(operation.parameters)
        parameters.require_path(operation.path)
        body = body_of(operation.request_body, api.largest_body, handed_over=function.takes(BODY))
        parameters.require_taken(function)
        body.require_taken(function)
        function.require_satisfied(parameters.names.union(body.sure, *(each.check.arguments for each in security)))
        return cls(parameters, body, _ENTITY | parameters.single_valued | {each.key for each in security})
