"""A service of the merchant, which an acquirer calls."""

from dataclasses import dataclass
from typing import Final

from handlers.snap.call_form import CallForm

DEFAULT_METHODS: Final = ("POST",)
"""The methods of a service whose settings name none."""

DEFAULT_FORMS: Final[tuple[CallForm, ...]] = ("token",)
"""The forms of call of a service whose settings name none."""


@dataclass(frozen=True, slots=True)
class Service:
    """The service code (two digits; ASPI, responseCode), and the HTTP methods and forms of call that it accepts."""

    code: str
    methods: tuple[str, ...] = DEFAULT_METHODS
    forms: tuple[CallForm, ...] = DEFAULT_FORMS
