"""The `security` of an operation: the header of each credential, and its check."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.unsupported import UnsupportedError, naming


@dataclass(frozen=True, slots=True)
class Check:
    """The check of one security scheme.

    Attributes:
        verify: Takes the value of the header, empty if it is absent. Returns arguments for the function, or raises
            SnapError.
        arguments: The names of these arguments.
        may_be_absent: Whether the document may have an alternative without the scheme. `verify` runs all the same, so
            the settings or the function, and never the document, decide whether a request needs the credential.
    """

    verify: Callable[[str], Mapping[str, object]]
    arguments: frozenset[str] = field(default=frozenset())
    may_be_absent: bool = False


Checks = Mapping[str, Check]
"""By the name of the security scheme in the document."""


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One security scheme that an operation requires."""

    key: bytes
    check: Check

    def arguments(self, headers: RequestHeaders) -> Mapping[str, object]:
        """Check the credential, and return arguments for the function. Raise SnapError if it is refused."""
        return self.check.verify(headers.get(self.key))


def security_of(
    security: Sequence[Mapping[str, Sequence[str]]] | None, schemes: Mapping[str, Mapping[str, Any]], checks: Checks
) -> tuple[SecurityRule, ...]:
    """Return the rules for all schemes that an operation names.

    All of them are checked in every request. Alternatives may differ only in schemes whose check says `may_be_absent`.

    Raises:
        UnsupportedError: The document has other alternatives, or a scheme that the server does not check.
    """
    if not security:
        return ()
    with naming("security"):
        rules = {
            name: _rule(name, scopes, schemes, checks)
            for alternative in security
            for name, scopes in alternative.items()
        }
        fixed = {name for name, rule in rules.items() if not rule.check.may_be_absent}
        if not rules or not all(alternative.keys() >= fixed for alternative in security):
            raise UnsupportedError(keyword=" or ".join(map(str, security)), why="a choice is not supported")
        return tuple(rules.values())


def _rule(name: str, scopes: Sequence[str], schemes: Mapping[str, Mapping[str, Any]], checks: Checks) -> SecurityRule:
    if name not in checks or name not in schemes:
        raise UnsupportedError(keyword=name, why="this server has no check for it")
    if scopes:
        raise UnsupportedError(keyword=name, why="scopes are not supported")
    return SecurityRule(_header_of(name, schemes[name]), checks[name])


def _header_of(name: str, scheme: Mapping[str, Any]) -> bytes:
    """Return the header: Authorization for a bearer token (RFC 6750, section 2.1), or the header of an `apiKey`."""
    match scheme:
        case {"type": "http", "scheme": str(kind)} if kind.lower() == "bearer":
            return b"authorization"
        case {"type": "apiKey", "in": "header", "name": str(header)}:
            return header.lower().encode()
    raise UnsupportedError(keyword=name, why="must be an HTTP bearer or an apiKey in a header")
