"""The symmetric signature of the calls that follow the token: HMAC-SHA512, in standard base64.

Its string to sign is `METHOD:EndpointUrl:AccessToken:lowerhex(SHA256(body)):X-TIMESTAMP` (ASPI, symmetric signature).
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest

_BODILESS = frozenset({"GET", "HEAD", "DELETE"})

# Space is insignificant beside a structural character and at either end of the text (RFC 8259, section 2). A string
# that is not closed goes on to the end: no byte is looked at more than a few times.
_KEPT = re.compile(
    rb"""
    (?: [^"\ \t\n\r]++ | "(?:[^"\\]++|\\.?)*+"? )++
    | (?<=[^{}\[\]:,\ \t\n\r]) [\ \t\n\r]++ (?! [{}\[\]:,] | \Z )
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was received: nothing is reformatted.

    `uri` is the path with its query. `body` is None if the body, should there be one, did not come along.
    """

    method: str
    uri: str
    access_token: str
    timestamp: str
    body: bytes | None

    @property
    def lacks_body(self) -> bool:
        """Whether the method promises a body, and there is none."""
        return not self.body and self.method not in _BODILESS

    def string_to_sign(self, body: bytes) -> bytes:
        """With that body in place of the call's own; an empty one is hashed as the empty string."""
        parts = (self.method, self.uri, self.access_token, sha256(body).hexdigest(), self.timestamp)
        return ":".join(parts).encode()

    def is_signed_with(self, client_secret: bytes, signature: str) -> bool:
        """Whether it is signed over the body as received, or over the body minified: real clients sign either.

        A body that should be there and did not come along is signed by nobody.
        """
        if self.body is None and self.lacks_body:
            return False
        body = self.body or b""
        messages = (self.string_to_sign(form) for form in (body, minified(body)))
        return any(_verifies(client_secret, message, signature) for message in messages)


def minified(body: bytes) -> bytes:
    """JSON without its insignificant whitespace; every other byte stays, numbers and escapes as they are written.

    What is no JSON keeps the space between two values, so that no two of them become one. Takes linear time.
    """
    return b"".join(_KEPT.findall(body))


def sign(client_secret: bytes, message: bytes) -> str:
    """What the client does: HMAC (RFC 2104) with SHA-512, base64 (RFC 4648, 4)."""
    return b64encode(digest(client_secret, message, "sha512")).decode()


def _verifies(client_secret: bytes, message: bytes, signature: str) -> bool:
    return compare_digest(sign(client_secret, message).encode(), signature.encode())
