"""Several keys of one client: each verifies, and the result names the right one."""

import pytest

from handlers.snap.verification_keys import VerificationKeys
from tests.nicepay import Nicepay, fingerprint

OWNERS = [Nicepay(), Nicepay(), Nicepay()]
KEYS = VerificationKeys(tuple(each.private_key.public_key() for each in OWNERS))


@pytest.mark.parametrize("owner", OWNERS, ids=["first", "second", "third"])
@pytest.mark.parametrize("signed", ["a", "b"])
def test_each_key_verifies_each_message(owner: Nicepay, signed: str) -> None:
    """The fingerprint is that of the key that verifies the signature, whichever message it covers."""
    assert KEYS.signer([b"a", b"b"], owner.signature_of(signed)) == fingerprint(owner)


def test_no_other_key_verifies(stranger: Nicepay) -> None:
    """A signature by another key, or over another message, has no signer."""
    assert KEYS.signer([b"a", b"b"], stranger.signature_of("a")) is None
    assert KEYS.signer([b"a", b"b"], OWNERS[1].signature_of("c")) is None
