"""Signing with the mistakes that integrators make."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from handlers.server.sandbox.client_mistakes import Mistake, sign_token_request
from tests.merchant import NOON
from tests.nicepay import Nicepay, jakarta

KEY = "IONPAYTEST"


def test_without_a_mistake_it_is_nicepays_own_signature(nicepay: Nicepay) -> None:
    """The headers are those that NICEPAY would send at this second."""
    made = sign_token_request(Mistake.NONE, KEY, nicepay.private_key, NOON)
    assert made.timestamp == jakarta(NOON)
    assert made.string_to_sign == f"{KEY}|{made.timestamp}"
    assert made.signature == nicepay.signature(made.timestamp)


@pytest.mark.parametrize(
    ("mistake", "off"), [(Mistake.STALE_CLOCK, timedelta(minutes=-10)), (Mistake.UTC_AS_JAKARTA, timedelta(hours=-7))]
)
def test_a_wrong_clock_has_a_valid_signature(nicepay: Nicepay, mistake: Mistake, off: timedelta) -> None:
    """The signature is valid, and only the time is wrong."""
    made = sign_token_request(mistake, KEY, nicepay.private_key, NOON)
    assert made.timestamp == jakarta(NOON + off)
    assert made.signature == nicepay.signature(made.timestamp)


def test_the_clock_of_a_utc_host_is_labelled_jakarta(nicepay: Nicepay) -> None:
    """The time is UTC, and its offset is that of Jakarta."""
    made = sign_token_request(
        Mistake.UTC_AS_JAKARTA, KEY, nicepay.private_key, datetime(2026, 1, 22, 5, 0, 1, tzinfo=UTC)
    )
    assert made.timestamp == "2026-01-22T05:00:01+07:00"


@pytest.mark.parametrize(
    ("mistake", "message"),
    [(Mistake.REVERSED, "{timestamp}|" + KEY), (Mistake.LINE_BREAK, KEY + "|{timestamp}\n")],
)
def test_a_wrong_string_to_sign_is_signed(nicepay: Nicepay, mistake: Mistake, message: str) -> None:
    """The time is correct, and the signature belongs to the returned wrong string to sign."""
    made = sign_token_request(mistake, KEY, nicepay.private_key, NOON)
    assert made.timestamp == jakarta(NOON)
    assert made.string_to_sign == message.format(timestamp=made.timestamp)
    assert made.signature == nicepay.signature_of(made.string_to_sign)


def test_a_wrong_key_is_another_of_the_same_size(nicepay: Nicepay) -> None:
    """Only the signature differs, and it has the same length."""
    wrong = sign_token_request(Mistake.WRONG_KEY, KEY, nicepay.private_key, NOON)
    right = sign_token_request(Mistake.NONE, KEY, nicepay.private_key, NOON)
    assert (wrong.timestamp, wrong.string_to_sign) == (right.timestamp, right.string_to_sign)
    assert wrong.signature != right.signature
    assert len(wrong.signature) == len(right.signature)


def test_the_wrong_key_is_of_any_size_and_made_once() -> None:
    """The unknown signature is as long as the client's key, and the same for the same message."""
    key = generate_private_key(65537, 2056)
    wrong, again = (sign_token_request(Mistake.WRONG_KEY, KEY, key, NOON) for _ in range(2))
    assert len(b64decode(wrong.signature)) == key.key_size // 8
    assert wrong == again
