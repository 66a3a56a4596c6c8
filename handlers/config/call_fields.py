"""Fields of the settings about the calls of a client: X-PARTNER-ID, fixed header values, and paths as signed."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator

from handlers.config.table import reject_dot_segments

MOST_PARTNER_IDS = 16
"""The most values of X-PARTNER-ID that one client may have."""

_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+")
_PartnerId = Annotated[str, Field(pattern=r"^[!-~]{1,36}$")]
_ONE_PARTNER_ID: TypeAdapter[str] = TypeAdapter(_PartnerId)


def _one_or_several(value: object, several: ValidatorFunctionWrapHandler) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return (_ONE_PARTNER_ID.validate_python(value),)
    partner_ids: tuple[str, ...] = several(value)
    if len(set(partner_ids)) < len(partner_ids):
        message = "contains the same partner ID twice"
        raise ValueError(message)
    return partner_ids


def _signed_path(value: str) -> str:
    if "?" in value or "#" in value:
        message = "must be a path without a query; remove ? or # and the text after it"
        raise ValueError(message)
    if not _PATH.fullmatch(value):
        message = "must be a path that begins with a slash and does not end with one, such as /merchant"
        raise ValueError(message)
    return reject_dot_segments(value)


PartnerIds = Annotated[
    tuple[_PartnerId, ...], Field(min_length=1, max_length=MOST_PARTNER_IDS), WrapValidator(_one_or_several)
]
"""One X-PARTNER-ID, or a list of several. They have 1 to 36 visible ASCII characters (ASPI, X-PARTNER-ID)."""

HeaderValue = Annotated[str, Field(pattern=r"^[!-~]+$")]
"""Visible ASCII characters."""

SignedPath = Annotated[str, AfterValidator(_signed_path)]
"""An absolute path, or the beginning of one, as a string to sign has it."""
