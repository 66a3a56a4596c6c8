"""Whether a function takes the arguments that its operation has."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature

from handlers.server.openapi.unsupported import UnsupportedError

CALLER = "caller"
"""The argument for the IP address of the caller. A function that wants it must name it."""

ACCEPT = "accept"
"""The argument for the header Accept. OpenAPI ignores a parameter of this name (3.0.3, Parameter Object)."""

_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class FunctionArguments:
    """The arguments of an operation's function.

    Attributes:
        services: The name of the first argument, which gets the services.
        known: The names of the other arguments.
        demanded: Those without a default.
        takes_any: Whether the function takes arguments with any names.
    """

    services: str
    known: frozenset[str]
    demanded: frozenset[str]
    takes_any: bool

    @classmethod
    def of(cls, function: Callable[..., object]) -> "FunctionArguments":
        """Read the signature of a function."""
        services, *others = signature(function).parameters.values()
        named = [each for each in others if each.kind in _NAMED]
        return cls(
            services=services.name,
            known=frozenset(each.name for each in named),
            demanded=frozenset(each.name for each in named if each.default is Parameter.empty),
            takes_any=any(each.kind is Parameter.VAR_KEYWORD for each in others),
        )

    def takes(self, name: str) -> bool:
        """Whether a value of the request can have this argument."""
        return name in self.known or (self.takes_any and name != self.services)

    def require_taken(self, name: str) -> None:
        """Raise UnsupportedError if no value of the request can have this argument."""
        if not self.takes(name):
            raise UnsupportedError(keyword="operationId", why=f"its function takes no argument {name}")

    def require_satisfied(self, given: frozenset[str]) -> None:
        """Raise UnsupportedError if the function demands an argument that is not always `given`."""
        for name in sorted(self.demanded - given):
            raise UnsupportedError(keyword="operationId", why=f"its function demands the argument {name}")
