"""Signs the requests of the judge: with the client's private key, and with a key that no server knows."""

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

UNKNOWN_CLIENT_KEY = "NOBODY-OF-SNAP-TOKEN-CHECK"
"""A client key that no server knows."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes signed requests. The private key stays in this process, and only signatures leave it."""

    client_key: str
    private_key: RSAPrivateKey = field(repr=False)
    unknown_key: RSAPrivateKey = field(repr=False)
    now: Callable[[], datetime]
    _used: set[datetime] = field(default_factory=set, repr=False)

    @classmethod
    def create(cls, client_key: str, private_key: RSAPrivateKey, now: Callable[[], datetime]) -> "Signer":
        """Create a signer with a new unknown key. It has the size of the client's key, so that size reveals nothing."""
        return cls(client_key, private_key, generate_private_key(65537, private_key.key_size), now)

    def unused_second(self) -> datetime:
        """Return the latest whole second without a genuine signature, so that no request is a repeat.

        The more requests a second, the older this second becomes: about a minute at the end, at three a second.
        """
        second = self.now().replace(microsecond=0)
        while second in self._used:
            second -= _SECOND
        self._used.add(second)
        return second

    def valid_request(self) -> Request:
        """Return a genuine request, as NICEPAY sends it."""
        return self.signed_request(render(self.unused_second()))

    def signed_request(self, timestamp: str) -> Request:
        """Return a request that the client signed with any text as its timestamp."""
        return self.request_with(timestamp, self.sign(timestamp))

    def sign(self, timestamp: str, client_key: str | None = None) -> str:
        """Return a signature of the client, in standard base64."""
        return sign(self.private_key, string_to_sign(client_key or self.client_key, timestamp))

    def sign_with_unknown_key(self, timestamp: str) -> str:
        """Return a signature over the right string to sign, made with the unknown key."""
        return sign(self.unknown_key, string_to_sign(self.client_key, timestamp))

    def sign_with_hash(self, algorithm: HashAlgorithm, timestamp: str) -> str:
        """Return a signature of the client with another hash function."""
        message = string_to_sign(self.client_key, timestamp)
        return b64encode(self.private_key.sign(message, PKCS1v15(), algorithm)).decode()

    @property
    def badly_padded_signature(self) -> str:
        """A signature of the right size, below the modulus, that decrypts to no valid padding."""
        return b64encode(b"\0".ljust(self.private_key.key_size // 8, b"U")).decode()

    def current_timestamp(self) -> str:
        """Return the current time. Use it only with a signature that is not genuine, because then nothing repeats."""
        return render(self.now())

    def request_with(self, timestamp: str, signature: str, client_key: str | None = None) -> Request:
        """Return a request with any timestamp and any signature."""
        return Request(
            (
                (CONTENT_TYPE, "application/json"),
                (TIMESTAMP, timestamp),
                (CLIENT_KEY, client_key or self.client_key),
                (SIGNATURE, signature),
            )
        )
