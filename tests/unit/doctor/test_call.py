"""The diagnosis of calls: methods and fragments."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from handlers.doctor.context import MerchantContext
from handlers.doctor.diagnose import diagnose
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Verdict
from handlers.snap.client import Client
from handlers.snap.clients import Clients
from handlers.snap.service import Service
from handlers.snap.token import TokenKeys
from tests.calls import asymmetric
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON
from tests.nicepay import CLIENT_KEY, Nicepay

CALLED = "/api/v1.0/cvs/payment"
POST_ONLY = Service("00")
GET_AND_PUT = Service("00", ("GET", "PUT"))


@pytest.mark.parametrize(
    ("method", "target", "service", "verdict"),
    [
        ("POST", CALLED, POST_ONLY, Verdict.GENUINE),
        ("GET", CALLED, POST_ONLY, Verdict.METHOD_WRONG),
        ("GET", CALLED, GET_AND_PUT, Verdict.GENUINE),
        ("POST", CALLED, GET_AND_PUT, Verdict.METHOD_WRONG),
        ("POST", f"{CALLED}?a=b", POST_ONLY, Verdict.GENUINE),
        ("POST", f"{CALLED}#a", POST_ONLY, Verdict.HEADER_MALFORMED),
        ("POST", f"{CALLED}?a#b", POST_ONLY, Verdict.HEADER_MALFORMED),
    ],
)
def test_a_wrong_method_or_a_fragment_is_found(
    nicepay: Nicepay, method: str, target: str, service: Service, verdict: Verdict
) -> None:
    """A call is not genuine if its service does not accept the method, or if its URI has a fragment."""
    client = Client(CLIENT_KEY, (nicepay.private_key.public_key(),), timedelta(seconds=300))
    keys = TokenKeys([Fernet.generate_key()])
    context = MerchantContext(
        now=NOON,
        clients=Clients([client], lambda _bits: nicepay.private_key.public_key()),
        token_keys=keys,
        token_path=BASE_PATH + TOKEN_PATH,
        called_services={CALLED: service},
    )
    call = asymmetric(nicepay, keys.issue(CLIENT_KEY, NOON), NOON)
    headers = (
        ("Authorization", f"Bearer {call.token}"),
        ("X-TIMESTAMP", call.timestamp),
        ("X-PARTNER-ID", CLIENT_KEY),
        ("X-SIGNATURE", call.signature),
        ("X-EXTERNAL-ID", "ordNo1"),
    )
    assert diagnose(Request(method, target, headers, b"{}"), context).main.verdict == verdict
