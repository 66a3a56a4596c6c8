"""Each input and the answer that the contract rules for it, over HTTP."""

from tests.merchant import Merchant
from tests.nicepay import Nicepay, jakarta


def test_a_genuine_request_gets_a_token(merchant: Merchant, nicepay: Nicepay) -> None:
    """A genuine request is answered with a token for 900 seconds, in the contract's exact form."""
    response = merchant.ask(nicepay)
    body = response.json()
    token = body.pop("accessToken")
    assert response.status_code == 200
    assert body == {
        "responseCode": "2007300",
        "responseMessage": "Successful",
        "tokenType": "Bearer",
        "expiresIn": "900",
        "additionalInfo": {},
    }
    assert len(token) == 100
    assert response.headers["x-timestamp"] == jakarta(merchant.clock.now)
    assert response.headers["x-client-key"] == nicepay.client_key
