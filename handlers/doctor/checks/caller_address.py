"""The check of the address from which a request came."""

from handlers.doctor.request import Request
from handlers.doctor.verdicts import Finding, Verdict
from handlers.snap.client import Client


def findings(request: Request, client: Client) -> list[Finding]:
    """Check that the client may send from this address. Without the address in the capture there is no finding."""
    if request.caller is None or client.may_send_from(request.caller):
        return []
    networks = ", ".join(map(str, client.allowed_networks))
    evidence = {"client": client.key, "address": str(request.caller), "networks": networks}
    return [Finding(Verdict.CLIENT_ADDRESS_NOT_ALLOWED, evidence)]
