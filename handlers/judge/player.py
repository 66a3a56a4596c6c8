"""Who asks: the client with its private key, and a stranger with a key that nobody knows."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import HashAlgorithm

from handlers.judge.exchange import CLIENT_KEY, CONTENT_TYPE, SIGNATURE, TIMESTAMP, Request
from handlers.snap.signature import sign, string_to_sign
from handlers.snap.timestamp import render

NOBODY = "NOBODY-OF-SNAP-TOKEN-CHECK"
"""A client key that no server knows."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Player:
    """The private key stays in this process; only signatures leave it."""

    client_key: str
    private_key: RSAPrivateKey = field(repr=False)
    stranger: RSAPrivateKey = field(repr=False)
    now: Callable[[], datetime]
    _used: set[datetime] = field(default_factory=set, repr=False)

    @classmethod
    def of(cls, client_key: str, private_key: RSAPrivateKey, now: Callable[[], datetime]) -> "Player":
        """The stranger's key is made here, as large as the client's, so that size tells nothing."""
        return cls(client_key, private_key, generate_private_key(65537, private_key.key_size), now)

    def moment(self) -> datetime:
        """The latest whole second that no genuine signature was made for: where repeats are refused, none is sent.

        It lies the further back the faster the judge asks: a minute at the end, at three requests a second.
        """
        second = self.now().replace(microsecond=0)
        while second in self._used:
            second -= _SECOND
        self._used.add(second)
        return second

    def genuine(self) -> Request:
        """A request of now, as NICEPAY sends it."""
        return self.at(render(self.moment()))

    def at(self, timestamp: str) -> Request:
        """The client's signature over any text in the place of the timestamp."""
        return self.carrying(timestamp, self.signature(timestamp))

    def signature(self, timestamp: str, client_key: str | None = None) -> str:
        """The client's, standard base64."""
        return sign(self.private_key, string_to_sign(client_key or self.client_key, timestamp))

    def forged(self, timestamp: str) -> str:
        """The stranger's over what the client would sign."""
        return sign(self.stranger, string_to_sign(self.client_key, timestamp))

    def hashed_with(self, algorithm: HashAlgorithm, timestamp: str) -> str:
        """The client's, over another hash."""
        message = string_to_sign(self.client_key, timestamp)
        return b64encode(self.private_key.sign(message, PKCS1v15(), algorithm)).decode()

    @property
    def badly_padded(self) -> str:
        """As long as a signature, and below the modulus, but no padding comes out of it."""
        return b64encode(b"\0".ljust(self.private_key.key_size // 8, b"U")).decode()

    def present(self) -> str:
        """The timestamp of a request that is nobody's repeat, as its signature is no genuine one."""
        return render(self.now())

    def carrying(self, timestamp: str, signature: str, client_key: str | None = None) -> Request:
        """Any signature beside any timestamp."""
        return Request(
            (
                (CONTENT_TYPE, "application/json"),
                (TIMESTAMP, timestamp),
                (CLIENT_KEY, client_key or self.client_key),
                (SIGNATURE, signature),
            )
        )
