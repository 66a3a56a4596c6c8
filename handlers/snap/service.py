"""A service of the merchant, which an acquirer calls."""

from dataclasses import dataclass
from typing import Final

from handlers.snap.call import Call
from handlers.snap.call_form import CallForm
from handlers.snap.refusal_members import RefusalMembers

DEFAULT_METHODS: Final = ("POST",)
"""The methods of a service whose settings name none."""

DEFAULT_FORMS: Final[tuple[CallForm, ...]] = ("token",)
"""The forms of call of a service whose settings name none."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        code: The service code (two digits; ASPI, responseCode).
        methods: The HTTP methods that it accepts.
        forms: The forms of call that it accepts.
        refusal_members: Additional members of its refusals. None if there are none.
        signed_path: The path that clients sign in place of the real one. If it is None, they sign the real one.
    """

    code: str
    methods: tuple[str, ...] = DEFAULT_METHODS
    forms: tuple[CallForm, ...] = DEFAULT_FORMS
    refusal_members: RefusalMembers | None = None
    signed_path: str | None = None

    def signed_call(
        self, method: str, uri: str, timestamp: str, body: bytes | None, access_token: str | None = None
    ) -> Call:
        """Return a call with the path that clients of this service sign. See `Call` for the parameters."""
        path_is_fixed = self.signed_path is not None
        return Call(method, self._signed_uri(uri), access_token, timestamp, body, path_is_fixed=path_is_fixed)

    def _signed_uri(self, uri: str) -> str:
        _, mark, query = uri.partition("?")
        return f"{self.signed_path}{mark}{query}" if self.signed_path else uri


UNNAMED: Final = Service("")
"""The service of a path that the settings do not name."""
