"""The diagnosis of calls: methods and fragments."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from handlers.doctor.context import MerchantContext
from handlers.doctor.diagnose import diagnose
from handlers.doctor.request import Request
from handlers.doctor.verdicts import Verdict
from handlers.snap.client import Client, Clients
from handlers.snap.token import TokenKeys
from tests.calls import asymmetric
from tests.document import TOKEN_PATH
from tests.merchant import BASE_PATH, NOON
from tests.nicepay import CLIENT_KEY, Nicepay

CALLED = "/api/v1.0/cvs/payment"


@pytest.mark.parametrize(
    ("method", "target", "methods", "verdict"),
    [
        ("POST", CALLED, {}, Verdict.GENUINE),
        ("GET", CALLED, {}, Verdict.METHOD_WRONG),
        ("GET", CALLED, {CALLED: ("GET", "PUT")}, Verdict.GENUINE),
        ("POST", CALLED, {CALLED: ("GET", "PUT")}, Verdict.METHOD_WRONG),
        ("POST", f"{CALLED}?a=b", {}, Verdict.GENUINE),
        ("POST", f"{CALLED}#a", {}, Verdict.HEADER_MALFORMED),
        ("POST", f"{CALLED}?a#b", {}, Verdict.HEADER_MALFORMED),
    ],
)
def test_a_wrong_method_or_a_fragment_is_found(
    nicepay: Nicepay, method: str, target: str, methods: dict[str, tuple[str, ...]], verdict: Verdict
) -> None:
    """A call is not genuine if its service does not accept the method, or if its URI has a fragment."""
    client = Client(CLIENT_KEY, (nicepay.private_key.public_key(),), timedelta(seconds=300))
    keys = TokenKeys([Fernet.generate_key()])
    context = MerchantContext(
        now=NOON,
        clients=Clients([client], lambda _bits: nicepay.private_key.public_key()),
        token_keys=keys,
        token_path=BASE_PATH + TOKEN_PATH,
        call_paths=frozenset({CALLED}),
        call_methods=methods,
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
