"""The public keys that verify one kind of signature of a client, and the dummy keys that make refusals take as long."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from operator import or_

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handlers.snap.keys import fingerprint
from handlers.snap.signature import verify_each

Keys = tuple[RSAPublicKey, ...]
MakeDummyKey = Callable[[RSAPublicKey], RSAPublicKey]

_KeyShape = tuple[int, int]
"""The size of a key in bits, and its exponent."""


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """Keys of one client and one purpose.

    Attributes:
        own: The client's keys. Several may be valid at once.
        padding: Dummy keys. They make a refusal of this client take as long as a refusal of any other client.
        fingerprints: The fingerprints of `own`, in the same order.
    """

    own: Keys
    padding: Keys = ()
    fingerprints: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring describes the attribute
        object.__setattr__(self, "fingerprints", tuple(map(fingerprint, self.own)))

    def signer(self, messages: Sequence[bytes], signature: str) -> str | None:
        """Return the fingerprint of a key that verifies the base64 signature over one of the messages.

        Every key is tried with every message, so the time does not reveal which of them matched.
        """
        found = None
        for message in messages:
            verified = verify_each(self.own, message, signature)
            if any(verified):
                found = self.fingerprints[verified.index(True)]
        return found

    def spend_padding(self, messages: Sequence[bytes], signature: str) -> None:
        """Verify with the dummy keys too, and ignore the results."""
        for message in messages:
            verify_each(self.padding, message, signature)


def paddings(owned: Sequence[Keys], dummy_key: MakeDummyKey) -> tuple[list[Keys], Keys]:
    """Return the dummy keys of each client, and those of the unknown client, which has no other keys.

    With them, everybody has as many keys of each shape (size and exponent) as the client that has the most keys of that
    shape.
    """
    samples = {_shape_of(key): key for keys in owned for key in keys}
    shapes = [Counter(map(_shape_of, keys)) for keys in owned]
    largest = reduce(or_, shapes)
    # Each dummy key is its own object, because verifying with one object several times would be faster.
    dummies = {shape: [dummy_key(key) for _ in range(largest[shape])] for shape, key in samples.items()}

    def padding(own: Counter[_KeyShape]) -> Keys:
        return tuple(chain.from_iterable(dummies[shape][:number] for shape, number in (largest - own).items()))

    return list(map(padding, shapes)), padding(Counter())


def secret_paddings(owned: Sequence[tuple[bytes, ...]]) -> list[tuple[bytes, ...]]:
    """Return the dummy secrets of each client, and then those of the unknown client, which has no other secrets.

    With them, everybody has as many secrets as the client that has the most. Signatures with them are never accepted.
    """
    most = max(map(len, owned))
    longest = max((len(secret) for secrets in owned for secret in secrets), default=0)
    return [(bytes(longest),) * (most - len(secrets)) for secrets in (*owned, ())]


def _shape_of(key: RSAPublicKey) -> _KeyShape:
    """The time of a verification depends on the size and on the exponent."""
    return key.key_size, key.public_numbers().e
