"""The checks of what differs between acquirers: header values, X-EXTERNAL-ID, and the string to sign of a secret."""

from base64 import b64encode
from collections.abc import Iterator, Sequence

from handlers.doctor.candidates import particulars
from handlers.doctor.request import Request
from handlers.doctor.signed_request import SignedRequest
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.call import signs_one_of
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix
from handlers.snap.particulars import USUAL
from handlers.snap.service import Service

_LONGEST_SHOWN = 40
"""Characters of a value that a message shows."""


def headers(request: Request, client: Client) -> Iterator[Finding]:
    """Check CHANNEL-ID, ORIGIN and X-EXTERNAL-ID of a call against the settings of its client."""
    own = client.particulars
    pinned = (("CHANNEL-ID", own.channel_id, Verdict.CHANNEL_MISMATCH), ("ORIGIN", own.origin, Verdict.ORIGIN_MISMATCH))
    for name, value, verdict in pinned:
        sent = request.get(name)
        if value is not None and sent != value:
            shown = masked_prefix(sent, _LONGEST_SHOWN) or "-"
            yield Finding(verdict, {"client": client.key, "sent": shown, "wanted": value})
    external_id = request.get("X-EXTERNAL-ID")
    if USUAL.accepts_external_id(external_id) and not own.accepts_external_id(external_id):
        shape = {"format": own.external_id_format, "most": own.external_id_max_length, "length": len(external_id)}
        yield Finding(Verdict.EXTERNAL_ID_MALFORMED, {"client": client.key, **shape})


def symmetric_signature(
    signed: SignedRequest, access_token: str | None, client: Client, service: Service, secrets: Sequence[bytes]
) -> list[Finding] | None:
    """Return which settings would make the signature right, an empty list if the settings do.

    Return None if no settings do. `access_token` is None for a call without a token.
    """
    signature = b64encode(signed.signature).decode()
    candidates = particulars.strings_to_sign(signed.request, access_token, client, service, signed_by_secret=True)
    for candidate in candidates:
        if any(signs_one_of(secret, [candidate.message], signature) for secret in secrets):
            return list(candidate.mistakes)
    return None
