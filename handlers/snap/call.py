"""A call, and the strings to sign that cover its body.

With a token: `METHOD:EndpointUrl:AccessToken:lowerhex(SHA256(body)):X-TIMESTAMP`, which HMAC-SHA512 signs (ASPI,
symmetric signature). Without a token: the same without the token, which RSA signs (ASPI, asymmetric signature without
token). Some acquirers write the hash in base64, leave the token empty between its colons, or sign another path.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Literal

BodyHash = Literal["hex", "base64"]
"""How the string to sign writes the SHA-256 of the body: lowercase hexadecimal (ASPI), or standard base64."""

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})

# Whitespace is insignificant beside a structural character and at both ends of the text (RFC 8259, section 2). A string
# without its closing quote extends to the end of the text, so matching takes linear time.
_SIGNIFICANT = re.compile(
    rb"""
    (?: [^"\ \t\n\r]++ | "(?:[^"\\]++|\\.?)*+"? )++
    | (?<=[^{}\[\]:,\ \t\n\r]) [\ \t\n\r]++ (?! [{}\[\]:,] | \Z )
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the proxy received it. Nothing is reformatted.

    `uri` is the path with its query, as the client signs it. `access_token` is None for a call without a token, and
    empty if the string to sign has an empty token. `body` is None if the proxy did not forward the body.
    `path_is_fixed` says that the service gives the path in `uri`, so that a client leaves out no part of it.
    """

    method: str
    uri: str
    access_token: str | None
    timestamp: str
    body: bytes | None
    body_hash: BodyHash = "hex"
    path_is_fixed: bool = False

    @property
    def lacks_body(self) -> bool:
        """Whether a call with this method has a body, but no body came with it."""
        return not self.body and self.method not in _BODILESS

    @property
    def body_not_forwarded(self) -> bool:
        """Whether a call with this method has a body, but the proxy did not forward it."""
        return self.body is None and self.lacks_body

    def string_to_sign(self, body: bytes) -> bytes:
        """Return the string to sign of this call with the given body. An empty body is hashed as the empty string."""
        token = () if self.access_token is None else (self.access_token,)
        parts = (self.method, self.uri, *token, _hash(body, self.body_hash), self.timestamp)
        return ":".join(parts).encode()

    def strings_to_sign(self) -> Iterator[bytes]:
        """Return the strings with the body as received, and with the minified body. Real clients sign either.

        There are none if the proxy should have forwarded a body, and did not.
        """
        if not self.body_not_forwarded:
            body = self.body or b""
            yield from (self.string_to_sign(each) for each in (body, minified(body)))

    def is_signed_with(self, client_secret: bytes, signature: str) -> bool:
        """Whether the secret signed one of the strings to sign."""
        return signs_one_of(client_secret, self.strings_to_sign(), signature)


def minified(body: bytes) -> bytes:
    """Return JSON without its insignificant whitespace. Every other byte stays, also in numbers and escapes.

    Text that is not JSON keeps the space between two values, so that they do not become one. The time is linear.
    """
    return b"".join(_SIGNIFICANT.findall(body))


def signs_one_of(client_secret: bytes, messages: Iterable[bytes], signature: str) -> bool:
    """Whether the signature is that of the secret over one of the messages."""
    return any(_is_signature_of(client_secret, message, signature) for message in messages)


def sign(client_secret: bytes, message: bytes) -> str:
    """Sign as the client does: HMAC (RFC 2104) with SHA-512, in base64 (RFC 4648, section 4)."""
    return b64encode(digest(client_secret, message, "sha512")).decode()


def _hash(body: bytes, written_in: BodyHash) -> str:
    hashed = sha256(body)
    return b64encode(hashed.digest()).decode() if written_in == "base64" else hashed.hexdigest()


def _is_signature_of(client_secret: bytes, message: bytes, signature: str) -> bool:
    return compare_digest(sign(client_secret, message).encode(), signature.encode())
