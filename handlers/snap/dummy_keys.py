"""Public keys whose private key nobody has. With them, refusing an unknown client takes as long as refusing any other.

Anybody can compute them. SHAKE-256 (FIPS 202) of `snap-token stand-in modulus, BITS bits, COUNTER` gives a number of
BITS bits, whose highest and lowest bits are then set. The modulus is the first of these numbers, with COUNTER = 0, 1, 2
and so on, that no prime under 1,000 divides. So nobody chose its factors. An attacker who found them would gain
nothing, because a signature by a dummy key is always refused.
"""

from functools import lru_cache
from hashlib import shake_256
from itertools import count
from math import gcd, prod

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

_SMALL_PRIMES = prod(number for number in range(2, 1_000) if all(number % each for each in range(2, number)))


def dummy_key_like(key: RSAPublicKey) -> RSAPublicKey:
    """Return a dummy key of the same size and exponent. A verification with it takes as long."""
    return RSAPublicNumbers(key.public_numbers().e, _modulus(key.key_size)).public_key()


@lru_cache
def _modulus(bits: int) -> int:
    numbers = (_number(bits, counter) for counter in count())
    return next(number for number in numbers if gcd(number, _SMALL_PRIMES) == 1)


def _number(bits: int, counter: int) -> int:
    """Return an odd number of exactly `bits` bits."""
    seed = f"snap-token stand-in modulus, {bits} bits, {counter}"
    digest = shake_256(seed.encode()).digest((bits + 7) // 8)
    return int.from_bytes(digest) >> (-bits % 8) | 1 << (bits - 1) | 1
