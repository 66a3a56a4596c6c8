"""Public keys whose private key nobody has."""

from hashlib import shake_256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from handlers.snap.dummy_keys import dummy_key_like
from tests.nicepay import new_key


def _is_free_of_small_primes(number: int) -> bool:
    return all(number % divisor for divisor in range(2, 1_000))


@pytest.mark.parametrize("bits", [1024, 2041, 2048, 3072])
def test_a_modulus_follows_the_published_steps(bits: int) -> None:
    """The published steps give the same number. It has the right size and no small factor."""
    made = dummy_key_like(new_key(bits).public_key()).public_numbers().n
    size = (bits + 7) // 8
    seeds = (f"snap-token stand-in modulus, {bits} bits, {counter}" for counter in range(1_000))
    bytes_of = (shake_256(seed.encode()).digest(size) for seed in seeds)
    numbers = (int.from_bytes(raw, "big") // 2 ** (8 * size - bits) | 2 ** (bits - 1) | 1 for raw in bytes_of)
    assert made == next(number for number in numbers if _is_free_of_small_primes(number))
    assert made.bit_length() == bits


def test_a_dummy_key_has_the_exponent_of_the_key() -> None:
    """A dummy key has the exponent of the key, so a verification takes as long."""
    key = generate_private_key(3, 2048).public_key()
    assert dummy_key_like(key).public_numbers().e == 3


def test_a_dummy_key_verifies_nothing() -> None:
    """OpenSSL accepts the dummy key, and verifies no signature of another key with it."""
    key = new_key()
    signature = key.sign(b"message", PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        dummy_key_like(key.public_key()).verify(signature, b"message", PKCS1v15(), SHA256())


def test_a_dummy_key_is_always_the_same() -> None:
    """After a reload, and on every instance, the dummy keys are the same."""
    one, other = (dummy_key_like(new_key().public_key()) for _ in range(2))
    assert one == other
