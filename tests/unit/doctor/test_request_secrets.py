"""The secrets of a request that are masked in messages."""

import pytest

from handlers.doctor.request import Request
from handlers.doctor.request_secrets import secrets_in

TOKEN = f"gAAAAABr{'Zq4x' * 20}"
SIGNATURE = f"nEbzVjQn{'uvYF' * 80}"


@pytest.mark.parametrize(
    ("header", "value", "secret"),
    [
        ("Authorization", f"Bearer {TOKEN}", TOKEN),
        ("Authorization", f"Authorization: Bearer {TOKEN}", TOKEN),
        ("Authorization", f"Bearer access_token={TOKEN}", TOKEN),
        ("Authorization", f"my-own-secret-word {TOKEN}", f"my-own-secret-word {TOKEN}"),
        ("X-SIGNATURE", SIGNATURE, SIGNATURE),
        ("X-SIGNATURE", f"RSA-SHA2-256(stdin)= {SIGNATURE}", SIGNATURE),
        ("X-SIGNATURE", "short.but/secret-value", "short.but/secret-value"),
        ("X-CLIENT-SECRET", "a-client-secret-of-nobody", "a-client-secret-of-nobody"),
        ("X-Internal-Authorization", "Bearer a-secret-of-the-proxy", "a-secret-of-the-proxy"),
    ],
)
def test_the_words_before_a_secret_are_not_masked(header: str, value: str, secret: str) -> None:
    """A message can say which scheme or algorithm stands before the token or the signature."""
    request = Request("POST", "/", ((header, value),), b"")
    assert secret.encode() in [each for _, each in secrets_in(request)]
    assert max(len(each) for _, each in secrets_in(request)) == len(secret)
