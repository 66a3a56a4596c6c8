"""Public keys whose private half nobody holds. They make refusing an unknown client as much work as any other.

Anybody can compute them. SHAKE-256 (FIPS 202) of `snap-token stand-in modulus, BITS bits, COUNTER` gives a number of so
many bits, its highest and its lowest bit set. The modulus is the first of them, with COUNTER = 0, 1, 2 ..., that no
prime under 1,000 divides. Nobody chose its factors. To find them would gain nothing: these keys let nobody in.
"""

from functools import lru_cache
from hashlib import shake_256
from itertools import count
from math import gcd, prod

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

_SMALL_PRIMES = prod(number for number in range(2, 1_000) if all(number % each for each in range(2, number)))


def dummy_key_like(key: RSAPublicKey) -> RSAPublicKey:
    """A key of the same size and exponent, so that a verification takes as long."""
    return RSAPublicNumbers(key.public_numbers().e, _modulus(key.key_size)).public_key()


@lru_cache
def _modulus(bits: int) -> int:
    numbers = (_number(bits, counter) for counter in count())
    return next(number for number in numbers if gcd(number, _SMALL_PRIMES) == 1)


def _number(bits: int, counter: int) -> int:
    """An odd number of exactly so many bits."""
    seed = f"snap-token stand-in modulus, {bits} bits, {counter}"
    digest = shake_256(seed.encode()).digest((bits + 7) // 8)
    return int.from_bytes(digest) >> (-bits % 8) | 1 << (bits - 1) | 1
