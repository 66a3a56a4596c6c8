"""The `security` of an operation: which header carries the credential, and which check it has to pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.unsupported import UnsupportedError, naming


@dataclass(frozen=True, slots=True)
class Check:
    """The check of one security scheme.

    `verify` takes the header's value, empty if it is absent. It raises SnapError, or gives the function `arguments`.
    `hands_over` says that it refuses nothing: the function judges the credential, and whether one is needed.
    """

    verify: Callable[[str], Mapping[str, object]]
    arguments: frozenset[str] = field(default=frozenset())
    hands_over: bool = False


Checks = Mapping[str, Check]
"""By the name of the security scheme in the document."""


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One security scheme that an operation demands."""

    key: bytes
    check: Check

    def arguments(self, sent: RequestHeaders) -> Mapping[str, object]:
        """What the check makes of the header; SnapError if it refuses."""
        return self.check.verify(sent.get(self.key))


def security_of(
    security: Sequence[Mapping[str, Sequence[str]]] | None, schemes: Mapping[str, Mapping[str, Any]], checks: Checks
) -> tuple[SecurityRule, ...]:
    """The schemes that an operation demands, all of them.

    Alternatives may differ in schemes that are handed over to the function, and in no other: it chooses.

    Raises:
        UnsupportedError: the document leaves another choice between schemes, or demands one that nothing here checks.
    """
    if not security:
        return ()
    with naming("security"):
        rules = {
            name: _rule(name, scopes, schemes, checks)
            for alternative in security
            for name, scopes in alternative.items()
        }
        fixed = [name for name, rule in rules.items() if not rule.check.hands_over]
        if not all(alternative and alternative.keys() >= set(fixed) for alternative in security):
            raise UnsupportedError(keyword=" or ".join(map(str, security)), why="a choice is not supported")
        return tuple(rules.values())


def _rule(name: str, scopes: Sequence[str], schemes: Mapping[str, Mapping[str, Any]], checks: Checks) -> SecurityRule:
    if name not in checks or name not in schemes:
        raise UnsupportedError(keyword=name, why="this server has no check for it")
    if scopes:
        raise UnsupportedError(keyword=name, why="scopes are not supported")
    return SecurityRule(_header_of(name, schemes[name]), checks[name])


def _header_of(name: str, scheme: Mapping[str, Any]) -> bytes:
    """A bearer token comes in Authorization (RFC 6750, section 2.1), an `apiKey` in the header that it names."""
    match scheme:
        case {"type": "http", "scheme": str(kind)} if kind.lower() == "bearer":
            return b"authorization"
        case {"type": "apiKey", "in": "header", "name": str(header)}:
            return header.lower().encode()
    raise UnsupportedError(keyword=name, why="must be an HTTP bearer or an apiKey in a header")
