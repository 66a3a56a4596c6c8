"""The published test key."""

import pytest

from handlers.snap.keys import load_public_key
from handlers.snap.published_key import is_published
from tests.nicepay import Nicepay
from tests.published_key import FORMS


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_recognised_in_every_form(form: str) -> None:
    """The key is recognised in each form, and with another exponent, because its primes are public."""
    assert is_published(load_public_key(FORMS[form]))


def test_another_key_is_not_published(nicepay: Nicepay) -> None:
    """Another key of the same size is not the published one."""
    assert not is_published(nicepay.private_key.public_key())
