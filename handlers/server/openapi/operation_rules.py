"""The rules of an operation, compiled from the document."""

from dataclasses import dataclass
from itertools import combinations

from connexion.operations import AbstractOperation

from handlers.server.openapi.api import Api
from handlers.server.openapi.function_arguments import ACCEPT, CALLER, FunctionArguments
from handlers.server.openapi.parameters import Parameters
from handlers.server.openapi.request_bodies import BODY, RequestBody, body_of
from handlers.server.openapi.security import security_of
from handlers.server.openapi.unsupported import UnsupportedError

_ENTITY = frozenset({b"content-type", b"content-encoding"})


@dataclass(frozen=True, slots=True)
class OperationRules:
    """The rules for a request. `single_valued` are the headers that may come only once."""

    parameters: Parameters
    body: RequestBody
    single_valued: frozenset[bytes]

    @classmethod
    def of(cls, operation: AbstractOperation, api: Api) -> "OperationRules":
        """Compile the rules.

        Raises:
            UnsupportedError: The document says something that cannot be checked, or has a value that the function
                does not take.
        """
        function = FunctionArguments.of(api.functions[operation.operation_id])
        security = security_of(operation.security, operation.security_schemes, api.checks)
        parameters = Parameters.of(operation.parameters)
        parameters.require_path(operation.path)
        body = body_of(operation.request_body, api.largest_body, handed_over=function.takes(BODY))
        parameters.require_taken(function)
        body.require_taken(function)
        credentials = frozenset[str]().union(*(each.check.arguments for each in security))
        _require_disjoint(credentials, parameters.names, body.names, function.known & {ACCEPT, CALLER})
        function.require_satisfied(credentials | parameters.names | body.always)
        return cls(parameters, body, _ENTITY | parameters.single_valued | {each.key for each in security})


def _require_disjoint(*arguments: frozenset[str]) -> None:
    """Require different names for the arguments of credentials, parameters, body and caller.

    Otherwise one replaces another.
    """
    for one, other in combinations(arguments, 2):
        for name in sorted(one & other):
            raise UnsupportedError(keyword=name, why="two parts of a request have this argument")
