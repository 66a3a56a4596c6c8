"""A service of the merchant, which an acquirer calls."""

from dataclasses import dataclass
from typing import Final

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
    """

    code: str
    methods: tuple[str, ...] = DEFAULT_METHODS
    forms: tuple[CallForm, ...] = DEFAULT_FORMS
    refusal_members: RefusalMembers | None = None
