"""A call, and the strings to sign that cover its body.

With a token: `METHOD:EndpointUrl:AccessToken:lowerhex(SHA256(body)):X-TIMESTAMP`, which HMAC-SHA512 signs (ASPI,
symmetric signature). Without a token: the same without the token, which RSA signs (ASPI, asymmetric signature without
token).
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest

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

    `uri` is the path with its query. `access_token` is None for a call without a token. `body` is None if the proxy did
    not forward the body.
    """

    method: str
    uri: str
    access_token: str | None
    timestamp: str
    body: bytes | None

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
        parts = (self.method, self.uri, *token, sha256(body).hexdigest(), self.timestamp)
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
        return any(_is_signature_of(client_secret, message, signature) for message in self.strings_to_sign())


def minified(body: bytes) -> bytes:
    """Return JSON without its insignificant whitespace. Every other byte stays, also in numbers and escapes.

    Text that is not JSON keeps the space between two values, so that they do not become one. The time is linear.
    """
    return b"".join(_SIGNIFICANT.findall(body))


def sign(client_secret: bytes, message: bytes) -> str:
    """Sign as the client does: HMAC (RFC 2104) with SHA-512, in base64 (RFC 4648, section 4)."""
    return b64encode(digest(client_secret, message, "sha512")).decode()


def _is_signature_of(client_secret: bytes, message: bytes, signature: str) -> bool:
    return compare_digest(sign(client_secret, message).encode(), signature.encode())
