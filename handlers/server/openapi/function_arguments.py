"""Whether a function takes what its operation hands over."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature

from handlers.server.openapi.unsupported import UnsupportedError

_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class FunctionArguments:
    """The arguments of an operation's function, without the first one, the services."""

    known: frozenset[str]
    demanded: frozenset[str]
    takes_any: bool

    @classmethod
    def of(cls, function: Callable[..., object]) -> "FunctionArguments":
        """Those that the function declares."""
        _services, *others = signature(function).parameters.values()
        named = [each for each in others if each.kind in _NAMED]
        return cls(
            known=frozenset(each.name for each in named),
            demanded=frozenset(each.name for each in named if each.default is Parameter.empty),
            takes_any=any(each.kind is Parameter.VAR_KEYWORD for each in others),
        )

    def takes(self, name: str) -> bool:
        """Whether the function can be called with such an argument."""
        return self.takes_any or name in self.known

    def require_taken(self, name: str) -> None:
        """UnsupportedError, if the function cannot be called with such an argument."""
        if not self.takes(name):
            raise UnsupportedError(keyword="operationId", why=f"its function takes no argument {name}")

    def require_satisfied(self, given: frozenset[str]) -> None:
        """UnsupportedError, if the function demands an argument that it is not always given."""
        for name in sorted(self.demanded - given):
            raise UnsupportedError(keyword="operationId", why=f"its function demands the argument {name}")
