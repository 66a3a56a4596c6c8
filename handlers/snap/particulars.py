"""What differs between acquirers in the calls of a client: header values, and the string to sign."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final, Literal

from handlers.snap.call import BodyHash, Call
from handlers.snap.codes import INVALID_FIELD_FORMAT, SnapError, unauthorized

LONGEST_EXTERNAL_ID: Final = 40
"""Characters of an X-EXTERNAL-ID, if the settings give no smaller limit (NICEPAY, NIVA)."""

ExternalIdFormat = Literal["visible", "alphanumeric", "numeric"]

_EXTERNAL_ID: Mapping[ExternalIdFormat, re.Pattern[str]] = {
    "visible": re.compile(r"[!-~]+"),
    "alphanumeric": re.compile(r"[A-Za-z0-9]+"),
    "numeric": re.compile(r"[0-9]+"),
}


@dataclass(frozen=True, slots=True)
class Particulars:
    """The particulars of one client. The defaults accept what most acquirers send.

    Attributes:
        channel_id: The only CHANNEL-ID of its calls. None allows any.
        origin: The only ORIGIN of its calls. None allows any.
        external_id_format: The characters of X-EXTERNAL-ID.
        external_id_max_length: The most characters of X-EXTERNAL-ID.
        body_hash: How the string to sign writes the SHA-256 of the body.
        empty_token_slot: Whether the symmetric string to sign has no token between its colons.
        path_prefix_not_signed: The beginning of the path that the string to sign leaves out.
    """

    channel_id: str | None = None
    origin: str | None = None
    external_id_format: ExternalIdFormat = "visible"
    external_id_max_length: int = LONGEST_EXTERNAL_ID
    body_hash: BodyHash = "hex"
    empty_token_slot: bool = False
    path_prefix_not_signed: str | None = None

    def require_headers(self, channel_id: str | None, origin: str | None, external_id: str) -> None:
        """Check the headers of a call whose signature is valid. So only the client itself learns what it must send.

        Raises:
            SnapError: 401 00, naming CHANNEL-ID or ORIGIN. 400 01, naming X-EXTERNAL-ID.
        """
        if not _matches(self.channel_id, channel_id):
            raise unauthorized(field="CHANNEL-ID", reason="channel.mismatch")
        if not _matches(self.origin, origin):
            raise unauthorized(field="ORIGIN", reason="origin.mismatch")
        if not self.accepts_external_id(external_id):
            raise SnapError(INVALID_FIELD_FORMAT, field="X-EXTERNAL-ID", reason="external_id.malformed")

    def accepts_external_id(self, external_id: str) -> bool:
        """Whether X-EXTERNAL-ID has the characters and the length that this client may send."""
        matched = _EXTERNAL_ID[self.external_id_format].fullmatch(external_id)
        return matched is not None and len(external_id) <= self.external_id_max_length

    def external_id(self, number: int) -> str:
        """Return an X-EXTERNAL-ID that this client may send. A random number of 128 bits gives a new one."""
        text = f"{number:039}" if self.external_id_format == "numeric" else f"{number:032x}"
        return text[-self.external_id_max_length :]

    def as_signed(self, call: Call) -> Call:
        """Return the call as this client puts it into the string to sign."""
        token = "" if self.empty_token_slot else call.access_token
        uri = call.uri if call.path_is_fixed else without_prefix(self.path_prefix_not_signed, call.uri)
        return replace(call, uri=uri, access_token=token, body_hash=self.body_hash)


USUAL: Final = Particulars()
"""The particulars of a client whose settings give none."""


def without_prefix(prefix: str | None, path: str) -> str:
    """Return the path without the prefix, if whole segments of it are the prefix and others follow."""
    return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path


def _matches(pinned: str | None, value: str | None) -> bool:
    return pinned is None or compare_digest(pinned.encode(), (value or "").encode())
