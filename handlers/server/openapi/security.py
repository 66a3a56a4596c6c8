"""The `security` of an operation: which header carries the credential, and whose check it has to pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.server.http.request_headers import RequestHeaders

Check = Callable[[str], Mapping[str, object]]
"""Takes the header's value, empty if it is absent; raises SnapError, or gives arguments for the function."""

Checks = Mapping[str, Check]
"""By the name of the security scheme in the document."""


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One security scheme that an operation demands."""

    key: bytes
    check: Check

    def arguments(self, sent: RequestHeaders) -> Mapping[str, object]:
        """What the check makes of the header; SnapError if it refuses."""
        return self.check(sent.get(self.key))


def security_of(
    security: list[dict[str, Any]] | None, schemes: Mapping[str, Mapping[str, Any]], checks: Checks
) -> tuple[SecurityRule, ...]:
    """The schemes that an operation demands, all of them.

    Raises:
        LookupError: the document demands a scheme that nothing here checks, or leaves a choice between schemes.
    """
    if not security:
        return ()
    (demanded,) = security if len(security) == 1 else (None,)
    if demanded is None or not demanded.keys() <= checks.keys():
        message = f"nothing here checks the security that the document demands: {security}"
        raise LookupError(message)
    return tuple(SecurityRule(_header_of(schemes[name]), checks[name]) for name in demanded)


def _header_of(scheme: Mapping[str, Any]) -> bytes:
    """`http` credentials come in Authorization, an `apiKey` in the header that the document names."""
    name: str = scheme["name"] if scheme["type"] == "apiKey" else "Authorization"
    return name.lower().encode()
