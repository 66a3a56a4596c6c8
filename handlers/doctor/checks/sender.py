"""The checks of the client that sent a request, and of its address."""

from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_ID_SHOWN, Finding, Verdict
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix


def address(request: Request, client: Client) -> list[Finding]:
    """Check that the client may send from this address. Without the address in the capture there is no finding."""
    if request.caller is None or client.may_send_from(request.caller):
        return []
    networks = ", ".join(map(str, client.allowed_networks))
    evidence = {"client": client.key, "address": str(request.caller), "networks": networks}
    return [Finding(Verdict.CLIENT_ADDRESS_NOT_ALLOWED, evidence)]


def status(client: Client, sent_id: str, known_ids: str) -> list[Finding]:
    """Check that the settings have the client, and that it is not suspended.

    `sent_id` is the ID that names the client in the request. `known_ids` are all such IDs of the settings, as text.
    """
    if client.suspended:
        return [Finding(Verdict.CLIENT_SUSPENDED, {"client": client.key})]
    if client.known or not sent_id:
        return []
    return [Finding(Verdict.CLIENT_UNKNOWN, {"client": masked_prefix(sent_id, LONGEST_ID_SHOWN), "known": known_ids})]
