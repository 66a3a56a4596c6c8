"""The public keys that verify one kind of signature of a client, and as much work for every client."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from operator import or_

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from handlers.snap.keys import fingerprint
from handlers.snap.signature import verify_each

DummyKey = Callable[[RSAPublicKey], RSAPublicKey]
"""Gives a key of the same shape as another; nobody holds its private half."""

Keys = tuple[RSAPublicKey, ...]

_Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """The client's own keys, and `padding`: keys that verify nothing and only make a refusal take as long."""

    own: Keys
    padding: Keys = ()
    fingerprints: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:  # noqa: D105  the class's docstring says which values there are
        object.__setattr__(self, "fingerprints", tuple(map(fingerprint, self.own)))

    def signer(self, messages: Collection[bytes], signature: str) -> str | None:
        """Return the fingerprint of the key that verifies the base64 signature over one of the messages.

        Every key is tried with every message, so the time taken does not tell which of them it was.
        """
        verified = [verify_each(self.own, message, signature) for message in messages]
        found = [name for names in verified for name, genuine in zip(self.fingerprints, names, strict=True) if genuine]
        return found[0] if found else None

    def pretend(self, messages: Iterable[bytes], signature: str) -> None:
        """Do the work of a client that has the keys of the padding as well."""
        for message in messages:
            verify_each(self.padding, message, signature)


def paddings(owned: Sequence[Keys], dummy_key: DummyKey) -> tuple[list[Keys], Keys]:
    """Return the padding of each client, and that of an unknown one, which has no keys of its own.

    With it, each has as many keys of each shape (size and exponent) as the client that has the most of that shape.
    """
    samples = {_shape(key): key for keys in owned for key in keys}
    shapes = [Counter(map(_shape, keys)) for keys in owned]
    most = reduce(or_, shapes, Counter[_Shape]())
    # Each dummy is an object of its own: one object that is used several times would be faster.
    dummies = {shape: [dummy_key(key) for _ in range(most[shape])] for shape, key in samples.items()}

    def padding(own: Counter[_Shape]) -> Keys:
        return tuple(chain.from_iterable(dummies[shape][:number] for shape, number in (most - own).items()))

    return list(map(padding, shapes)), padding(Counter())


def _shape(key: RSAPublicKey) -> _Shape:
    """Bits and exponent: the time of a verification depends on them."""
    return key.key_size, key.public_numbers().e
