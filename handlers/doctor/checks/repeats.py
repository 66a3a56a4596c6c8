"""The check of whether a call came before."""

from handlers.doctor.context import MerchantContext
from handlers.doctor.request import Request
from handlers.doctor.verdicts import LONGEST_SHOWN, Finding, Verdict
from handlers.snap.call_form import CallForm
from handlers.snap.client import Client
from handlers.snap.masking import masked_prefix
from handlers.snap.replay_key import ReplayKey


def findings(request: Request, form: CallForm, client: Client, context: MerchantContext) -> list[Finding]:
    """Return a finding if an earlier genuine call has the same replay key."""
    if replay_key(request, form, client, context) not in context.used_replay_keys:
        return []
    if form == "notification":
        return [Finding(Verdict.CALL_NOTIFICATION_REPEATED)]
    external_id = masked_prefix(request.get("X-EXTERNAL-ID"), LONGEST_SHOWN)
    return [Finding(Verdict.CALL_EXTERNAL_ID_REPEATED, {"external_id": external_id})]


def replay_key(request: Request, form: CallForm, client: Client, context: MerchantContext) -> str:
    """Return the replay key of a call (see `ReplayKey`), or an empty string if it has none."""
    timestamp, external_id = request.get("X-TIMESTAMP"), request.get("X-EXTERNAL-ID")
    try:
        if form == "notification":
            return ReplayKey.of_notification(client.key, timestamp, request.body, client.clock_tolerance).key
        return ReplayKey.of_call(client.key, timestamp, external_id, context.now, client.clock_tolerance).key
    except (ValueError, OverflowError):  # X-TIMESTAMP is malformed, or its day is the last one of the calendar.
        return ""
