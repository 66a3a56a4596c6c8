"""The symmetric signature of the calls that follow the token: HMAC-SHA512, in standard base64.

Its string to sign is `METHOD:EndpointUrl:AccessToken:lowerhex(SHA256(body)):X-TIMESTAMP` (ASPI, symmetric signature).
"""

import re
from base64 import b64encode
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

    `uri` is the path with its query. `body` is None if the proxy did not forward the body.
    """

    method: str
    uri: str
    access_token: str
    timestamp: str
    body: bytes | None

    @property
    def lacks_body(self) -> bool:
        """Whether a call with this method has a body, but no body came with it."""
        return not self.body and self.method not in _BODILESS

    def string_to_sign(self, body: bytes) -> bytes:
        """Return the string to sign of this call with the given body. An empty body is hashed as the empty string."""
        parts = (self.method, self.uri, self.access_token, sha256(body).hexdigest(), self.timestamp)
        return ":".join(parts).encode()

    def is_signed_with(self, client_secret: bytes, signature: str) -> bool:
        """Whether the signature covers the body as received, or the minified body. Real clients sign either.

        A signature never matches if the proxy should have forwarded a body, and did not.
        """
        if self.body is None and self.lacks_body:
            return False
        body = self.body or b""
        messages = (self.string_to_sign(form) for form in (body, minified(body)))
        return any(_is_signature_of(client_secret, message, signature) for message in messages)


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
