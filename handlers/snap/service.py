"""A service of the merchant, which NICEPAY calls with a token."""

from dataclasses import dataclass
from typing import Final

DEFAULT_METHODS: Final = ("POST",)
"""The methods of a service whose settings name none."""


@dataclass(frozen=True, slots=True)
class Service:
    """The service code (two digits; ASPI, responseCode), and the HTTP methods that the service accepts."""

    code: str
    methods: tuple[str, ...] = DEFAULT_METHODS
