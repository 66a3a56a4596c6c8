"""Fields of the settings about the headers of a client's calls: X-PARTNER-ID, CHANNEL-ID and ORIGIN."""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator

from handlers.config.text_fields import Visible36, matching

MOST_PARTNER_IDS = 16
"""The most values of X-PARTNER-ID that one client may have."""

_ONE_PARTNER_ID: TypeAdapter[str] = TypeAdapter(Visible36)


def _one_or_several(value: object, several: ValidatorFunctionWrapHandler) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return (_ONE_PARTNER_ID.validate_python(value),)
    partner_ids: tuple[str, ...] = several(value)
    if len(set(partner_ids)) < len(partner_ids):
        message = "contains the same partner ID twice"
        raise ValueError(message)
    return partner_ids


PartnerIds = Annotated[
    tuple[Visible36, ...], Field(min_length=1, max_length=MOST_PARTNER_IDS), WrapValidator(_one_or_several)
]
"""One X-PARTNER-ID, or a list of several. They have 1 to 36 visible ASCII characters (ASPI, X-PARTNER-ID)."""

ChannelId = Visible36

Origin = Annotated[str, matching(r"[!-~]{1,255}", "1 to 255 visible ASCII characters")]
